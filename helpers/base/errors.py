from pathlib import Path
p = Path("helpers/data/squares.py"); s = p.read_text()
def sub(a, b, n=1):
    global s
    assert s.count(a) == n, (s.count(a), a)
    s = s.replace(a, b)
sub('''def squares(
    pictures: Folder | Archive, names: Sequence[str], size: int
) -> Iterator[np.ndarray | str]:
''','''def squares(
    pictures: Folder | Archive, names: Sequence[str], size: int
) -> Generator[np.ndarray | str, None, None]:
''')
sub("import Iterable, Iterator, Sequence", "import Generator, Iterable, Iterator, Sequence")
p.write_text(s)
p = Path("helpers/data/own.py"); s = p.read_text()
a = s.index("    images, read = np.empty"); b = s.index("    for name, square in")
s = s[:a] + '''    images = np.empty(shape, np.uint8)
    read: list[str] = []
    left_out: Counter[str] = Counter()
    found = squares(pictures, names, size)
    shown = tqdm(found, "pictures", len(names), leave=False, file=sys.stdout, delay=2)  # seconds
''' + s[b:]
sub("zip(names, found, strict=True)", "zip(names, shown, strict=True)")
sub('"""Return the pictures as one tensor, their names, and how many were left out for what reason."""', '"""Return the pictures as one tensor, their names, and how many were left out and why."""')
p.write_text(s)

p = Path("helpers/data/faces.py"); s = p.read_text()
sub("import zipfile\n", "import zipfile\nfrom collections.abc import Callable\n")
sub("from helpers.base.files import DATA, sha256\n", "from helpers.base.files import DATA, sha256, shipped\n")
sub('''DRAWN = DATA / "drawn_faces.zip"
DRAWN_SHA256 = "141b83e4b6474a8f159e9cd85cd3bc3a5da162c6d2872b3b0ae1975fd655e88a"
''','')
sub('''        faces = None if choice else _celeba(count, size, network, store, patience)
        faces = faces or _drawn_faces(count, size, store)
''','''        celeba = None if choice else _celeba(count, size, network, store, patience)
        faces = celeba or _drawn_faces(count, size, store)
''')
a = s.index("def _own_faces")
s = s[:a] + '''def _own_faces(place: Path, count: int | None, size: int, store: Path) -> Faces:
    """Return the pictures in a folder or a zip file; after a problem no other source is tried."""
    try:
        with open_pictures(place) as pictures:
            order = Order("folder", f"{place.resolve()} {pictures.digest()}", count, size)
        return _faces(order, store, f"pictures from {place}", lambda: place)
    except (CourseError, OSError) as problem:
        raise CourseError(f"GAN_FACES={place}: {problem}") from problem


def _celeba(
    count: int | None, size: int, network: bool, store: Path, patience: float
) -> Faces | None:
    """Return CelebA, or None after one printed sentence that says why not."""
    order = Order("kaggle", DATASET, count, size)
    # A few damaged pictures do not matter; an archive that lacks many is another one or broken.
    least = max(1, int(0.99 * min(count or CELEBA_COUNT, CELEBA_COUNT)))
    try:
        if not (network or stored(order, store) or zipfile.is_zipfile(archive_path(store))):
            return None
        what = "photographs of CelebA (Kaggle)"
        return _faces(order, store, what, lambda: fetch_archive(store, patience), least)
    except NotEnough as problem:
        archive_path(store).unlink(missing_ok=True)
        print(f"CelebA is not used, and its archive was removed: {problem}")
    except (CourseError, OSError) as problem:
        print(f"CelebA is not used: {problem}")
    return None


def _drawn_faces(count: int | None, size: int, store: Path) -> Faces:
    """Return the cartoon faces that lie in data/."""
    drawn = shipped("drawn_faces.zip")
    order = Order("drawn", sha256(drawn), count, size)
    return _faces(order, store, "drawn cartoon faces (built in, not CelebA)", lambda: drawn)


def _faces(
    order: Order, store: Path, what: str, find: Callable[[], Path], least: int = 1
) -> Faces:
    """Return the array as prepared earlier or from what `find` finds, and say what it is."""
    notes = stored(order, store)
    if notes is None:
        with open_pictures(find()) as pictures:
            notes = prepare(order, pictures, store, least)
    path = order.path(store)
    images = np.load(path, mmap_mode="r")[: notes["count"]]
    left_out = ", ".join(f"{n} {reason}" for reason, n in sorted(notes["skipped"].items()))
    description = f"Faces: {len(images)} {what}, {order.size} x {order.size} pixels"
    description += f"; left out: {left_out}." if left_out else "."
    return Faces(images, order.source, description, path)
'''
p.write_text(s)

p = Path("helpers/data/kaggle.py"); s = p.read_text()
sub('''"""Fetch a data set's archive from Kaggle, with Kaggle's own client in a process of its own.
''','''"""Fetch CelebA's archive from Kaggle, with Kaggle's own client in a process of its own.
''')
sub('''def archive_path(folder: Path, dataset: str = DATASET) -> Path:
    """Return where the data set's zip file lies or will lie."""
    return folder / f"{dataset.split('/')[1]}.zip"


def fetch_archive(folder: Path, patience: float = 60.0, dataset: str = DATASET) -> Path:
    """Return the path of the data set's zip file in `folder`, downloaded unless it lies there.
''','''def archive_path(folder: Path) -> Path:
    """Return where the data set's zip file lies or will lie, as Kaggle names it."""
    return folder / f"{DATASET.split('/')[1]}.zip"


def fetch_archive(folder: Path, patience: float = 60.0) -> Path:
    """Return the path of the data set's zip file in `folder`, downloaded unless it lies there.
''')
sub("archive_path(folder, dataset)", "archive_path(folder)")
sub('''    present = archive.stat().st_size if archive.exists() else 0
    if shutil.disk_usage(folder).free < ARCHIVE_BYTES - present:
''','''    if shutil.disk_usage(folder).free < ARCHIVE_BYTES - _size(archive):
''')
sub("_watch(dataset, archive, patience)", "_watch(archive, patience)")
sub('''        with open(archive, "rb") as file:
            is_page = file.read(512).lstrip().startswith(b"<")
        archive.unlink()
        if is_page:
            raise CourseError(
                "Kaggle sent a web page instead of the archive: log in there and accept the "
                "data set's terms."
            )
        raise CourseError("the archive from Kaggle is damaged and was removed.")
    return archive
''','''        with archive.open("rb") as file:
            is_page = file.read(512).lstrip().startswith(b"<")
        archive.unlink()
        raise CourseError(PROBLEMS["page" if is_page else "damaged"] + ".")
    return archive


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
''')
sub('''    "other": "Kaggle's client failed ({})",
''','''    "page": "Kaggle sent a web page instead of the archive: log in there and accept the data set's "
    "terms",
    "damaged": "the archive from Kaggle is damaged and was removed",
    "other": "Kaggle's client failed ({})",
''')
a = s.index("def _watch("); b = s.index("def _colab_secrets")
s = s[:a] + '''def _watch(archive: Path, patience: float) -> str:
    """Run the download in another process with a progress bar; return its problem, "" for none."""
    size, since = _size(archive), time.monotonic()
    with (
        tempfile.TemporaryFile() as answer,
        tqdm(unit="B", unit_scale=True, desc="download", delay=1, file=sys.stdout) as bar,
    ):
        process = subprocess.Popen(
            [sys.executable, "-m", "helpers.data.kaggle", str(archive.parent.resolve())],
            cwd=Path(__file__).parents[2],  # where Python finds `helpers`
            env={**os.environ, **_colab_secrets()},
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=subprocess.DEVNULL,
        )
        try:
            while process.poll() is None:
                time.sleep(0.1)
                if (now := _size(archive)) != size:
                    bar.update(now - size)
                    size, since = now, time.monotonic()
                elif time.monotonic() - since > patience:
                    if shutil.disk_usage(archive.parent).free < 2**21:  # the client tries again
                        return "disk"
                    raise CourseError(f"Kaggle has sent nothing for {patience:.0f} seconds.")
        finally:
            process.kill()
            process.wait()
        if process.returncode == 0:
            return ""
        answer.seek(0)
        lines = answer.read().decode(errors="replace").splitlines()
    # The client's own words are dropped unread: they might name the account.
    marked = [line.removeprefix(_MARK) for line in lines if line.startswith(_MARK)]
    return marked[-1] if marked else f"other code {process.returncode}"


''' + s[b:]
sub('''def _download(dataset: str, folder: str) -> str:
''','''def _download(folder: str) -> str:
''')
sub("dataset_download_files(dataset, path=folder", "dataset_download_files(DATASET, path=folder")
sub('''    kind_of_problem = _download(*sys.argv[1:])
    if kind_of_problem:
        print''','''    if kind_of_problem := _download(sys.argv[1]):
        print''')
p.write_text(s)
