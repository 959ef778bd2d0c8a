"""The demo's photos: drawn village scenes of 800 px, marked as samples; before and after show the same place."""

import io
import random

from PIL import Image, ImageDraw, ImageFont

SIZE = (800, 600)
Colour = tuple[int, int, int]
LITTER: tuple[Colour, ...] = (
    (214, 60, 52),
    (240, 240, 240),
    (66, 110, 190),
    (235, 200, 60),
    (70, 70, 75),
    (120, 160, 90),
)


def draw(place: int, problem: str, *, after: bool) -> bytes:
    """Return a JPEG of the place: with its problem before, cleared after. The same place gives the same scene."""
    scene = Scene(place)
    scene.backdrop()
    (scene.cleared if after else scene.troubled)(problem)
    scene.mark("SAMPLE · AFTER" if after else "SAMPLE · BEFORE")
    return scene.encoded(seed=place * 2 + after)


class Scene:
    """One drawn place; `place` seeds everything that before and after share."""

    def __init__(self, place: int) -> None:
        self.dice = random.Random(place)  # noqa: S311 - a demonstration, not a secret
        self.image = Image.new("RGB", SIZE)
        self.pen = ImageDraw.Draw(self.image)
        self.horizon = self.dice.randrange(190, 330)

    def backdrop(self) -> None:
        """Draw sky, hills, ground, road, houses and trees."""
        self._gradient(0, self.horizon, self._shade((150, 190, 225)), self._shade((225, 235, 240)))
        self._gradient(self.horizon, SIZE[1], self._shade((170, 160, 110)), self._shade((110, 120, 70)))
        self._hills()
        self._road()
        for _ in range(self.dice.randrange(2, 5)):
            self._house()
        for _ in range(self.dice.randrange(2, 7)):
            self._tree()

    def _shade(self, base: Colour, spread: int = 28) -> Colour:
        r, g, b = (max(0, min(255, c + self.dice.randrange(-spread, spread))) for c in base)
        return r, g, b

    def _gradient(self, top: int, bottom: int, upper: Colour, lower: Colour) -> None:
        for y in range(top, bottom):
            part = (y - top) / max(1, bottom - top)
            mixed = tuple(int(a + (b - a) * part) for a, b in zip(upper, lower, strict=True))
            self.pen.line((0, y, SIZE[0], y), fill=mixed)

    def _hills(self) -> None:
        for _ in range(3):
            x, w, h = (
                self.dice.randrange(-200, 700),
                self.dice.randrange(250, 600),
                self.dice.randrange(40, 150),
            )
            box = (x, self.horizon - h, x + w, self.horizon + h)
            self.pen.pieslice(box, 180, 360, fill=self._shade((95, 130, 95)))

    def _road(self) -> None:
        top, bottom = self.dice.randrange(100, 700), self.dice.randrange(100, 600)
        width = self.dice.randrange(120, 300)
        points = [(top, self.horizon), (top + 26, self.horizon), (bottom + width, SIZE[1]), (bottom, SIZE[1])]
        self.pen.polygon(points, fill=self._shade((178, 176, 170), 14))

    def _house(self) -> None:
        w, h = self.dice.randrange(90, 190), self.dice.randrange(50, 95)
        x, y = self.dice.randrange(0, SIZE[0] - w), self.horizon + self.dice.randrange(-35, 30)
        self.pen.rectangle((x, y - h, x + w, y), fill=self._shade((225, 215, 200)))
        self.pen.polygon(
            [(x - 12, y - h), (x + w // 2, y - h - 42), (x + w + 12, y - h)], fill=self._shade((160, 70, 60))
        )
        self.pen.rectangle((x + w // 2 - 10, y - 36, x + w // 2 + 10, y), fill=(95, 65, 45))
        for wx in (x + 14, x + w - 36):
            self.pen.rectangle((wx, y - h + 16, wx + 22, y - h + 36), fill=(120, 155, 180))

    def _tree(self) -> None:
        x, y, r = (
            self.dice.randrange(0, SIZE[0]),
            self.horizon + self.dice.randrange(0, 60),
            self.dice.randrange(18, 48),
        )
        self.pen.rectangle((x - 4, y - 10, x + 4, y + 30), fill=(100, 75, 50))
        self.pen.ellipse((x - r, y - 2 * r, x + r, y), fill=self._shade((60, 115, 60)))

    # --- the problem and its absence ----------------------------------------------------------------------------
    def _spot(self) -> tuple[int, int]:
        return self.dice.randrange(160, 640), self.dice.randrange(420, 530)

    def troubled(self, problem: str) -> None:
        """Draw what is wrong: water for sewage and ditches, else a heap of litter."""
        x, y = self._spot()
        if problem in {"A4", "A3"}:
            self.pen.ellipse((x - 150, y - 26, x + 150, y + 34), fill=(62, 66, 48))
            self.pen.ellipse((x - 90, y - 12, x + 60, y + 12), fill=(88, 92, 62))
        if problem in {"A2", "A5"}:
            self.pen.pieslice(
                (x - 130, y - 100, x + 130, y + 100), 180, 360, fill=self._shade((140, 110, 60))
            )
        for _ in range(self.dice.randrange(24, 60)):
            self._piece(x + int(self.dice.gauss(0, 70)), y + int(self.dice.gauss(0, 22)))

    def _piece(self, x: int, y: int) -> None:
        w, h = self.dice.randrange(6, 26), self.dice.randrange(5, 16)
        shape = [(x, y), (x + w, y + self.dice.randrange(-6, 6)), (x + w - 4, y + h), (x - 3, y + h)]
        self.pen.polygon(shape, fill=self.dice.choice(LITTER))

    def cleared(self, problem: str) -> None:
        """Draw the same spot swept, with a bin where litter lay."""
        x, y = self._spot()
        self.pen.ellipse((x - 140, y - 20, x + 140, y + 30), fill=self._shade((168, 160, 118), 10))
        if problem == "A1":
            self.pen.rectangle((x - 22, y - 58, x + 22, y), fill=(40, 120, 80))
            self.pen.rectangle((x - 26, y - 66, x + 26, y - 56), fill=(30, 95, 62))

    def mark(self, text: str) -> None:
        """Write on the picture that it is a sample."""
        font = ImageFont.load_default(26)
        self.pen.rectangle((0, SIZE[1] - 40, 250, SIZE[1]), fill=(20, 20, 20))
        self.pen.text((14, SIZE[1] - 36), text, fill=(255, 255, 255), font=font)

    def encoded(self, seed: int) -> bytes:
        """Return the JPEG; a dot that depends on the seed keeps any two files apart."""
        self.image.putpixel((seed % SIZE[0], seed // SIZE[0] % SIZE[1]), (255, 0, 255))
        out = io.BytesIO()
        self.image.save(out, "JPEG", quality=72, comment=f"sample {seed}".encode())
        return out.getvalue()
