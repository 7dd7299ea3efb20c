// In the cell around the frame of a player: its page says what height it needs (clock.js), and the
// frame gets it. Where that is not heard, the frame scrolls.
if (!window.ganPlayerGrow) {
  window.ganPlayerGrow = true; // one listener does for all players of a notebook
  addEventListener("message", (event) => {
    for (const frame of document.querySelectorAll("iframe.gan-player"))
      if (frame.contentWindow === event.source && event.data?.ganPlayerHeight > 0)
        frame.style.height = `${Math.min(2400, event.data.ganPlayerHeight)}px`;
  });
}
