"""Shapes of the generated pictures: fragments of SVG on a field of 80 by 80, the ground at y = 67.

Letters in braces are colours: m main, d darker main, a accent, w near white. A drawing is its body and one of its details,
so that two things of a kind and colour still differ.
"""

from __future__ import annotations

from dataclasses import dataclass

# ruff: noqa: E501  A drawing broken over lines is harder to edit than a long one.


@dataclass(frozen=True)
class Drawing:
    """One kind of thing."""

    words: tuple[str, ...]
    """Words of a category's name (singular, lower case) that mean this kind."""
    bodies: tuple[str, ...]
    details: tuple[str, ...] = ("",)
    nouns: tuple[str, ...] = ()
    """For each body, words of an item's name that ask for it ("boot"); empty: any body will do."""

    def body_for(self, name_words: list[str], fallback: int) -> str:
        """The body that the item's name asks for, else number `fallback` (modulo their number)."""
        for body, nouns in zip(self.bodies, self.nouns, strict=False):
            if any(word in nouns.split() for word in name_words):
                return body
        return self.bodies[fallback % len(self.bodies)]


_TEE = "<path fill='{m}' d='M31 17l-16 8 5 14 7-3v30h26V36l7 3 5-14-16-8c-3 6-15 6-18 0z'/>"
_LONG = "<path fill='{m}' d='M31 17l-13 7-7 35 8 2 8-24v29h26V37l8 24 8-2-7-35-13-7c-3 6-15 6-18 0z'/>"
_NECK = "<path fill='none' stroke='{d}' stroke-width='2.5' d='M31 17c3 7 15 7 18 0'/>"
_BUTTONS = "<path stroke='{d}' stroke-width='1.5' d='M40 22v44'/><path stroke='{a}' stroke-width='2.5' stroke-linecap='round' d='M40 30v0m0 9v0m0 9v0m0 9v0'/>"

DRAWINGS: dict[str, Drawing] = {
    "shirt": Drawing(
        ("shirt", "tee", "top", "sweater", "jumper", "hoodie", "knitwear", "clothing"),
        (_TEE + _NECK, _LONG + _NECK),
        (
            "<path fill='{a}' d='M27 41h26v5H27zm0 9h26v5H27z'/>",
            "<path fill='{d}' d='M43 35h7v8l-3.5 2-3.5-2z'/>",
            "<circle cx='40' cy='43' r='7' fill='{a}'/>",
            "<path fill='{a}' d='M40 36l7 12H33z'/>",
        ),
        nouns=("tee polo", "shirt overshirt blouse sweater"),
    ),
    "blouse": Drawing(
        ("blouse", "jacket", "coat", "cardigan"),
        (_LONG, _TEE),
        (
            _BUTTONS + "<path fill='{w}' d='M31 17l9 6-5 7-7-11zm18 0l-9 6 5 7 7-11z'/>",
            _BUTTONS + "<path fill='{d}' d='M31 17l9 6-6 5-6-9zm18 0l-9 6 6 5 6-9z'/>",
        ),
    ),
    "trousers": Drawing(
        ("trouser", "pant", "jean", "short", "legging"),
        ("<path fill='{m}' d='M27 13h26l5 54H45l-5-37-5 37H22z'/><path fill='{d}' d='M27 13h26l.5 5h-27z'/>",
         "<path fill='{m}' d='M28 13h24l3 54H46l-6-38-6 38h-9z'/><path fill='{d}' d='M28 13h24l.3 5H27.7z'/>"),
        ("<path fill='none' stroke='{d}' stroke-width='1.5' d='M34 19c0 5-4 7-8 7m20-7c0 5 4 7 8 7m-14-8v11'/>",
         "<path fill='{a}' d='M23 60h13l-1 7H22zm21 0h13l1 7H45z'/>"),
    ),
    "skirt": Drawing(
        ("skirt",),
        ("<path fill='{m}' d='M30 18h20l12 45c-14 6-30 6-44 0z'/>", "<path fill='{m}' d='M28 22h24l5 42c-10 4-24 4-34 0z'/>"),
        ("<path fill='none' stroke='{d}' stroke-width='1.5' d='M34 24l-6 41m12-41v43m6-43l6 41'/><path fill='{d}' d='M29 18h22l1 6H28z'/>",
         "<path fill='{a}' d='M29 18h22l1 6H28z'/><path stroke='{a}' stroke-width='3' fill='none' d='M22 56c12 5 24 5 36 0'/>"),
    ),
    "dress": Drawing(
        ("dress",),
        ("<path fill='{m}' d='M32 11v8l-3 6 5 12-13 28c11 5 27 5 38 0L46 37l5-12-3-6v-8l-3 8H35z'/>",),
        ("<path fill='{a}' d='M34 36h12v4H34z'/>",
         "<path stroke='{w}' stroke-width='3' stroke-linecap='round' d='M34 48v0m10-2v0m-4 9v0m10 3v0m-20 3v0m11 4v0m0-34v0'/>"),
    ),
    "shoe": Drawing(
        ("shoe", "sneaker", "trainer", "boot", "footwear"),
        ("<path fill='{m}' d='M13 60V36c4 3 9 3 13-1l13 13c6 5 21 3 26 8l2 4z'/><path fill='{d}' d='M13 36v17h10c2-6 1-12-3-15-2 0-5-1-7-2z'/>"
         "<path fill='{w}' d='M12 59h55c1 4-1 8-5 8H17c-4 0-6-4-5-8z'/>",
         "<path fill='{m}' d='M20 60V19h20l1 25c7 5 22 4 25 11v5z'/><path fill='{d}' d='M20 19h20v7H20zm0 41v-9c5 0 8 3 10 9z'/>"
         "<path fill='{w}' d='M18 60h49v3c0 3-2 4-4 4H18z'/>"),
        ("<path stroke='{a}' stroke-width='2.5' stroke-linecap='round' d='M36 41l-5 4m9 0l-5 4m9 0l-5 3'/>",
         "<path fill='none' stroke='{a}' stroke-width='3' d='M29 58c5-6 15-9 22-6'/>"),
        nouns=("sneaker loafer derby sandal trainer", "boot chelsea"),
    ),
    "bag": Drawing(
        ("bag", "backpack", "tote", "luggage", "purse", "handbag"),
        ("<path fill='none' stroke='{d}' stroke-width='3.5' d='M29 34c0-24 22-24 22 0'/><path fill='{m}' d='M18 31h44l4 36H14z'/>",
         "<path fill='none' stroke='{d}' stroke-width='3' d='M33 20c0-10 14-10 14 0'/>"
         "<path fill='{m}' d='M22 34c0-24 36-24 36 0v28c0 3-2 5-5 5H27c-3 0-5-2-5-5z'/>"),
        ("<path fill='{d}' d='M28 46h24v16H28z'/><path fill='{a}' d='M38 44h4v8h-4z'/>",
         "<path fill='{a}' d='M20 40h40v4H20z'/><circle cx='40' cy='42' r='4' fill='{w}'/>",
         "<circle cx='40' cy='49' r='9' fill='{a}'/><circle cx='40' cy='49' r='4' fill='{m}'/>"),
        nouns=("tote duffel satchel", "backpack sling rucksack"),
    ),
    "lamp": Drawing(
        ("lamp", "light", "lighting"),
        ("<path fill='#fff3b0' opacity='.7' d='M24 38h32l10 29H14z'/><path fill='{d}' d='M38 38h4v25h9v4H29v-4h9z'/><path fill='{m}' d='M31 14h18l9 24H22z'/>",
         "<path fill='#fff3b0' opacity='.7' d='M36 37l24 0 6 30H38z'/><path fill='none' stroke='{d}' stroke-width='3.5' d='M24 65l-6-26 22-20'/>"
         "<path fill='{d}' d='M14 63h22v4H14z'/><path fill='{m}' d='M36 14l12 0 14 23H34z'/>"),
        ("", "<path fill='{a}' opacity='.8' d='M33 33h25v4H33z'/>"),
        nouns=("table floor lantern pendant", "wall desk"),
    ),
    "chair": Drawing(
        ("chair", "stool", "furniture", "sofa", "seating", "armchair"),
        ("<path stroke='{d}' stroke-width='3' stroke-linecap='round' d='M27 46l-5 20m31-20l5 20M33 46l-1 14m15-14l1 14'/>"
         "<path fill='{m}' d='M26 14c9-3 19-3 28 0l2 25H24z'/><path fill='{a}' d='M22 40h36v6c0 2-36 2-36 0z'/>",
         "<path stroke='{d}' stroke-width='3' stroke-linecap='round' d='M22 58l-2 8m38-8l2 8'/><path fill='{m}' d='M24 45V27c0-14 32-14 32 0v18z'/>"
         "<path fill='{d}' d='M14 36c5-3 10 0 10 6v5h32v-5c0-6 5-9 10-6v22H14z'/><path fill='{a}' d='M24 43h32v8H24z'/>"),
        ("", "<circle cx='40' cy='28' r='5' fill='{w}' opacity='.5'/>"),
        nouns=("chair stool rocker", "armchair lounger sofa"),
    ),
    "watch": Drawing(
        ("watch", "clock", "jewellery", "jewelry", "accessory"),
        ("<path fill='{d}' d='M32 8h16l2 16H30zm0 64h16l2-16H30z'/><circle cx='40' cy='40' r='19' fill='{m}'/><circle cx='40' cy='40' r='14.5' fill='{w}'/>",
         "<path fill='{m}' d='M32 8h16v64H32z'/><rect x='23' y='22' width='34' height='36' rx='9' fill='{d}'/><rect x='27' y='26' width='26' height='28' rx='6' fill='{w}'/>"),
        ("<path fill='none' stroke='#333' stroke-width='2' stroke-linecap='round' d='M40 31v9l6 4'/>",
         "<path fill='none' stroke='#333' stroke-width='2' stroke-linecap='round' d='M34 36l6 4 8-7'/><circle cx='40' cy='48' r='2.5' fill='{a}'/>"),
        nouns=("diver chronograph", "field quartz"),
    ),
    "mug": Drawing(
        ("mug", "cup", "kitchen", "tableware", "crockery", "kitchenware"),
        ("<path fill='none' stroke='{d}' stroke-width='5' d='M52 35c16-3 16 20 0 19'/><path fill='{m}' d='M20 26h34v34c0 4-3 7-7 7H27c-4 0-7-3-7-7z'/><ellipse cx='37' cy='26' rx='17' ry='4' fill='{d}'/>",
         "<path fill='none' stroke='{d}' stroke-width='4' d='M53 42c14-4 14 14-3 13'/><path fill='{m}' d='M18 36h38c0 18-6 27-12 31H30c-6-4-12-13-12-31z'/><ellipse cx='37' cy='36' rx='19' ry='4' fill='{d}'/>"),
        ("<path fill='{a}' d='M37 58l-7-7c-4-6 4-10 7-4 3-6 11-2 7 4z'/>",
         "<path stroke='{a}' stroke-width='3' d='M21 48h32m-31 6h30'/>",
         "<path fill='none' stroke='{w}' stroke-width='2.5' stroke-linecap='round' d='M31 20c-3-4 3-5 0-9m12 9c-3-4 3-5 0-9'/>"),
        nouns=("mug tumbler", "cup bowl"),
    ),
    "book": Drawing(
        ("book", "notebook", "stationery", "paper", "journal"),
        ("<path fill='{w}' d='M24 58h34v8H24z'/><path fill='{m}' d='M26 13h32v46H28c-5 0-5 6 0 6h30v2H27c-4 0-6-3-6-6V18c0-3 2-5 5-5z'/>",
         "<path fill='{d}' d='M20 16h9v51h-9z'/><path fill='{m}' d='M29 16h31v51H29z'/><path fill='{w}' d='M60 18h3v47h-3z'/>"),
        ("<path fill='{a}' d='M33 24h18v4H33zm3 7h12v3H36z'/>",
         "<circle cx='42' cy='33' r='8' fill='{a}'/>",
         "<path fill='{a}' d='M48 13h6v16l-3-3-3 3z'/>"),
    ),
    "headphones": Drawing(
        ("headphone", "audio", "earphone", "electronics", "speaker", "gadget"),
        ("<path fill='none' stroke='{d}' stroke-width='5' d='M19 48c-4-43 46-43 42 0'/><rect x='13' y='42' width='13' height='24' rx='6' fill='{m}'/><rect x='54' y='42' width='13' height='24' rx='6' fill='{m}'/>",
         "<path fill='none' stroke='{m}' stroke-width='6' d='M20 50c-5-46 45-46 40 0'/><circle cx='21' cy='54' r='11' fill='{d}'/><circle cx='59' cy='54' r='11' fill='{d}'/>"),
        ("<path stroke='{a}' stroke-width='3' stroke-linecap='round' d='M19.5 50v8m41-8v8'/>",
         "<circle cx='21' cy='54' r='4' fill='{a}'/><circle cx='59' cy='54' r='4' fill='{a}'/>"),
    ),
    "plant": Drawing(
        ("plant", "garden", "flower", "outdoor"),
        ("<path fill='#5f8f55' d='M40 50C20 48 16 30 18 22c14 2 20 14 22 28C38 30 44 14 58 10c5 16-4 32-18 40z'/><path fill='#467246' d='M40 50c-3-14-3-26 0-38 6 12 6 26 0 38z'/>",
         "<path fill='none' stroke='#5f8f55' stroke-width='3' d='M40 50V20m0 22c-10 0-14-6-14-12m14 6c8 0 13-5 13-12'/><circle cx='40' cy='17' r='7' fill='{a}'/><circle cx='25' cy='27' r='6' fill='#7fae6e'/><circle cx='54' cy='22' r='6' fill='#7fae6e'/>",
         "<path fill='#6a9a5b' d='M31 49V22c0-12 18-12 18 0v27z'/><path fill='none' stroke='#6a9a5b' stroke-width='7' stroke-linecap='round' d='M31 40h-8v-9m26 4h8v-9'/>"),
        ("<path fill='{m}' d='M25 47h30l-4 20H29z'/><path fill='{d}' d='M23 45h34v6H23z'/>",
         "<path fill='{m}' d='M25 46h30v12c0 12-30 12-30 0z'/><path fill='{a}' d='M25 51h30v4H25z'/>"),
        nouns=("fern monstera", "olive ficus tree", "cactus"),
    ),
    "sunglasses": Drawing(
        ("sunglasses", "sunglass", "glasses", "eyewear", "optical"),
        ("<path fill='none' stroke='{d}' stroke-width='3.5' d='M13 40c2-12 6-16 11-16m43 16c-2-12-6-16-11-16M36 41c2-3 6-3 8 0'/><circle cx='25' cy='44' r='12.5' fill='{m}'/><circle cx='55' cy='44' r='12.5' fill='{m}'/>",
         "<path fill='none' stroke='{d}' stroke-width='3.5' d='M12 38c2-10 6-14 11-14m45 14c-2-10-6-14-11-14M34 38h12'/><path fill='{m}' d='M11 35h25c2 12-3 19-12 19s-14-7-13-19zm33 0h25c1 12-4 19-13 19s-14-7-12-19z'/>"),
        ("<path stroke='{w}' stroke-width='2.5' stroke-linecap='round' opacity='.7' d='M19 46l6-7m24 7l6-7'/>",
         "<path fill='{a}' opacity='.55' d='M14 46h21c-1 5-5 8-10 8s-10-3-11-8zm31 0h21c-1 5-6 8-11 8s-9-3-10-8z'/>"),
        nouns=("rounds ovals round oval", "aviators wayfarers shields"),
    ),
    "bottle": Drawing(
        ("bottle", "flask", "drink", "wine", "beauty", "cosmetic"),
        ("<path fill='{d}' d='M34 10h12v9H34z'/><path fill='{m}' d='M34 20h12c0 8 8 8 8 17v25c0 3-2 5-5 5H31c-3 0-5-2-5-5V37c0-9 8-9 8-17z'/>",
         "<path fill='{d}' d='M33 9h14v7H33z'/><rect x='28' y='17' width='24' height='50' rx='7' fill='{m}'/><path fill='none' stroke='{d}' stroke-width='3' d='M47 12c10-1 10 10 5 12'/>"),
        ("<path fill='{a}' d='M28 43h24v14H28z'/>",
         "<path fill='{w}' d='M40 38c9 12 6 18 0 18s-9-6 0-18z'/>",
         "<path fill='{w}' opacity='.4' d='M32 37h4v24h-4z'/><path fill='{a}' d='M28 52h24v4H28z'/>"),
        nouns=("bottle carafe", "flask thermos canteen"),
    ),
}  # fmt: skip

ABSTRACT = Drawing(
    (),
    ("<circle cx='33' cy='42' r='19' fill='{m}'/><path fill='{d}' d='M40 67V32a17 17 0 0 1 27 14v21z'/>",
     "<path fill='{m}' d='M16 67V41a24 24 0 0 1 48 0v26z'/><path fill='{d}' d='M28 67V45a12 12 0 0 1 24 0v22z'/>",
     "<path fill='{m}' d='M18 67a22 22 0 0 1 44 0z'/><path fill='{d}' d='M24 42h32v6H24zm5-11h22v6H29z'/>",
     "<path fill='{d}' d='M40 14l26 53H14z'/><path fill='{m}' d='M40 14l8 53H14z'/>",
     "<path fill='none' stroke='{m}' stroke-width='9' d='M20 64V41a20 20 0 0 1 40 0v23'/><circle cx='40' cy='50' r='11' fill='{d}'/>",
     "<path fill='{m}' d='M16 19h24v24H16z'/><path fill='{d}' d='M40 43h24v24H40z'/><circle cx='28' cy='55' r='12' fill='{w}'/>"),
    ("<circle cx='52' cy='26' r='9' fill='{a}'/>", "<path fill='{a}' d='M52 14l10 20H42z'/>", "<path fill='{a}' d='M40 19a24 24 0 0 1 24 24H40z'/>"),
)  # fmt: skip
"""For a category whose name says nothing."""
