"""Where pictures and weights come from, and whether they are sound.

mnist     digits and clothes: files that are there, a download, the built-in sample
own       a folder or zip file of your own pictures as such a data set
faces     one large array of faces: your own, CelebA, drawn ones
kaggle    the download of CelebA
squares   picture files as squares of one size, for `own` and `faces`
weights   trained networks, those that come with the course
"""
