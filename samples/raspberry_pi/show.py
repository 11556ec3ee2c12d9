"""Show generated images full screen, a new one every few seconds.

python show.py BUNDLE --seconds 5        q or Esc: quit, space: next, f: full screen on and off
"""

import argparse
import signal
import sys
import time
from pathlib import Path
from typing import Any

import edgekit
from edgekit.data.images import grid, pictures, to_uint8
from edgekit.errors import EdgekitError, os_error


def main(arguments: list[str] | None = None) -> None:
    """Read the command line, open the window and show images until it is closed."""
    parser = argparse.ArgumentParser(description="Show generated images, one after another.")
    parser.add_argument("bundle", type=Path, help="folder that edgekit convert wrote")
    parser.add_argument("--seconds", type=float, default=5, help="between images (default: 5)")
    parser.add_argument("-n", "--count", type=int, default=1, help="images at once (default: 1)")
    parser.add_argument("--seed", type=int, help="seed of the first image (default: the time)")
    parser.add_argument("--label", type=int, help="class of a conditional net")
    parser.add_argument("--window", action="store_true", help="in a window, not full screen")
    asked = parser.parse_args(arguments)
    if asked.count < 1 or asked.seconds <= 0 or (asked.seed or 0) < 0:
        parser.error("--count must be at least 1, --seconds above 0, --seed at least 0")
    try:
        Show(asked).run()
    except EdgekitError as error:
        sys.exit(f"show.py: {error}")
    except OSError as error:
        sys.exit(f"show.py: {os_error(error)}")


class Show:
    """The window and the net that fills it."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.asked = asked
        self.net = edgekit.load(asked.bundle)
        self.seed = int(time.time()) if asked.seed is None else asked.seed
        self.sheet = draw(self.net, asked.count, self.seed, asked.label)
        self.tkinter, self.root = open_window()
        self.root.title("edgekit")
        self.root.configure(background="black")
        screen = self.root.winfo_screenwidth(), self.root.winfo_screenheight()
        self.root.geometry("480x480" if asked.window else "{}x{}+0+0".format(*screen))
        self.root.attributes("-fullscreen", not asked.window)
        self.label = self.tkinter.Label(self.root, background="black", borderwidth=0)
        self.label.pack(expand=True)
        self.timer = ""

    def run(self) -> None:
        """Show images until a key or the window's button ends it."""
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends Tk's loop at once
        self.root.bind("<Escape>", lambda _: self.root.destroy())
        self.root.bind("q", lambda _: self.root.destroy())
        self.root.bind("<space>", lambda _: self.show())
        self.root.bind("f", lambda _: self.toggle())
        self.root.focus_force()  # keys work without a window manager too
        self.root.update()  # gives the window its size
        self.show()
        self.root.mainloop()

    def show(self) -> None:
        """Make the next image, put it up, and plan the one after it."""
        if self.timer:
            self.root.after_cancel(self.timer)
        self.sheet = draw(self.net, self.asked.count, self.seed, self.asked.label)
        self.fit()
        self.seed += 1
        self.timer = self.root.after(int(self.asked.seconds * 1000), self.show)

    def fit(self) -> None:
        """Put up the image as large as fits."""
        size = self.root.winfo_width(), self.root.winfo_height()
        image = self.tkinter.PhotoImage(data=ppm(enlarged(self.sheet, *size)), format="PPM")
        self.label.configure(image=image)
        self.label.image = image  # Tk does not keep it

    def toggle(self) -> None:
        """Full screen on or off."""
        self.root.attributes("-fullscreen", not self.root.attributes("-fullscreen"))
        self.root.after(300, self.fit)  # when the window has its new size


def open_window() -> tuple[Any, Any]:
    """Tk's module and a window; leaves with a clear message where there is neither."""
    try:
        import tkinter
    except ImportError:
        sys.exit("show.py: Tk is missing; run: sudo apt install python3-tk")
    try:
        return tkinter, tkinter.Tk()
    except tkinter.TclError as error:
        sys.exit(
            f"show.py: no display ({error}); start it on the desktop, or over ssh with DISPLAY=:0; "
            "generate.py needs none"
        )


def draw(net: Any, count: int, seed: int, label: int | None) -> Any:
    """A sheet of new images as pixels (H, W, 3)."""
    samples = net.generate(count=count, seed=seed, label=label)
    images = pictures(samples)
    if images is None:
        sys.exit(f"show.py: samples of shape {samples.shape[1:]} are no images")
    sheet = grid(to_uint8(images, net.output_tensor(net.model, net.shown(net.model)).range))
    return sheet if sheet.shape[-1] == 3 else sheet.repeat(3, axis=-1)


def enlarged(sheet: Any, width: int, height: int) -> Any:
    """The sheet, each pixel a square as large as fits into width × height."""
    factor = max(1, min(width // sheet.shape[1], height // sheet.shape[0]))
    return sheet.repeat(factor, axis=0).repeat(factor, axis=1)


def ppm(sheet: Any) -> bytes:
    """Pixels (H, W, 3) as a PPM picture, which Tk reads without decompressing."""
    height, width, _ = sheet.shape
    return b"P6 %d %d 255\n" % (width, height) + sheet.tobytes()


if __name__ == "__main__":
    main()
