"""Invented names: common surnames and given characters, drawn by a seeded generator. Any likeness is chance."""

import random

SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任沈"
    "姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严"
)
GIVEN = (
    "伟强军平建国明志华永福海涛春林德玉文成江波宏斌凯宁晨阳光辉庆丰学勇刚松柏岩峰川泽清和安康敏静丽娟燕霞"
    "芳红梅雪莲秀英凤兰慧颖洁琳"
)


class Names:
    """Draws names; the same seed draws the same ones in the same order."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - a demonstration, not a secret

    def draw(self) -> str:
        """Return one name of two or three characters."""
        given = self._random.choices(GIVEN, k=self._random.choice((1, 2, 2)))
        return self._random.choice(SURNAMES) + "".join(given)
