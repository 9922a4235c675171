"""Both engines rank alike: the same texts, the same analysis, the same ten documents at the top, with equal scores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from index import text
from index.model import DocKind, Hit, SearchDocument, SearchQuery
from index.ports import Search
from tests.contracts.search_documents import DIMENSIONS, document, engines

pytestmark = pytest.mark.elasticsearch

TOPICS = {
    "salt": ["碘盐可以防核辐射", "吃碘盐防辐射是谣言", "加碘鹽能抵抗核輻射嗎", "Salt does not protect from radiation"],
    "masts": ["5G基站传播新冠病毒", "基地台不會散播病毒", "5G masts do not spread the virus", "电磁波不能携带病毒"],
    "water": ["隔夜水致癌", "反复烧开的水会致癌吗", "重複煮沸的水不會致癌", "Reboiled water does not cause cancer"],
    "liquor": ["喝高度白酒可以预防新冠", "烈酒不能殺死體內病毒", "Strong liquor does not cure the virus"],
    "seaweed": ["紫菜是塑料做的", "紫菜不是塑膠製成", "Seaweed is not made of plastic bags"],
    "clouds": ["地震云可以预测地震", "地震雲沒有科學根據", "Clouds cannot foretell an earthquake"],
    "phone": ["加油站打电话会引起爆炸", "在加油站講手機會爆炸嗎", "Phone calls at a petrol station"],
    "shrimp": ["虾和维生素C同食会中毒", "蝦子配維他命C變砒霜", "Shrimp with vitamin C makes arsenic"],
    "microwave": ["微波炉加热的食物致癌", "微波食物會致癌是錯的", "Microwaved food does not cause cancer"],
    "vaccine": ["疫苗里有芯片", "疫苗含有微晶片的說法", "Vaccines do not carry microchips"],
}
QUERIES = [
    "听说吃碘盐能防核辐射，赶紧囤盐", "5G 基地台會傳播病毒", "Does reboiled water cause cancer?", "紫菜是塑料做的",
    "地震雲出現了，快要地震", "喝白酒能不能预防病毒", "加油站不能打手机", "a phone call ignites petrol",
    "疫苗 芯片 microchip", "微波炉 致癌 cancer food", "病毒", "the", "谣言",
]  # fmt: skip


def _vector(seed: int) -> tuple[float, ...]:
    return tuple(np.random.default_rng(seed).standard_normal(DIMENSIONS).tolist())


def _documents() -> list[SearchDocument]:
    listed = []
    for topic, wordings in TOPICS.items():
        for n, wording in enumerate(wordings):
            number = len(listed)
            terms = " ".join(text.terms(wording))
            rest = " ".join(" ".join(text.terms(other)) for other in wordings[n + 1 :])
            fields = {
                "title": terms if n % 3 != 1 else "", "statement": terms if n % 2 else "", "body": rest,
                "title_vector": _vector(number), "statement_vector": _vector(1_000 + number) if n % 2 else None,
            }  # fmt: skip
            kind = list(DocKind)[number % 3]
            listed.append(document(f"{topic}-{n}", number + 1, kind=kind, parent=topic, **fields))
    return listed


@pytest.fixture(scope="module")
def both(elasticsearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Search, Search]]:
    folders: list[Path] = [tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other")]
    with engines("", folders[0]) as embedded, engines(elasticsearch_url, folders[1]) as elastic:
        pair = (embedded(), elastic())
        for engine in pair:
            assert engine.rebuild(_documents()) == len(_documents())
        yield pair


def _best_words(hits: tuple[Hit, ...]) -> list[tuple[str, float]]:
    scored = [(hit.id, round(hit.lexical, 3)) for hit in hits if hit.lexical is not None]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:10]


@pytest.mark.parametrize("asked", QUERIES)
def test_the_ten_best_by_words_are_the_same_with_the_same_scores(both: tuple[Search, Search], asked: str) -> None:
    query = SearchQuery(terms=tuple(text.terms(asked)), limit=50)
    embedded, elastic = (_best_words(engine.find(query)) for engine in both)
    assert embedded == elastic
    assert embedded or not query.terms or asked in ("the",)


@pytest.mark.parametrize("seed", range(5))
def test_the_ten_nearest_are_the_same_with_the_same_cosines(both: tuple[Search, Search], seed: int) -> None:
    query = SearchQuery(vector=_vector(50_000 + seed), limit=10, kinds=frozenset({DocKind.ALERT, DocKind.CLAIM}))
    embedded, elastic = (engine.find(query) for engine in both)
    assert [hit.id for hit in embedded] == [hit.id for hit in elastic]
    assert len(embedded) == 10
    assert [hit.cosine for hit in embedded] == pytest.approx([hit.cosine for hit in elastic], abs=1e-5)


def test_the_scores_still_agree_after_documents_were_replaced_and_both_engines_rebuilt(
    both: tuple[Search, Search],
) -> None:
    query = SearchQuery(terms=tuple(text.terms("病毒 cancer 致癌")), limit=50)
    for engine in both:
        engine.write([document("salt-0", 99, title=" ".join(text.terms("病毒")))])
        engine.refresh()
    found = [{hit.id for hit in engine.find(query)} for engine in both]
    assert found[0] == found[1]
    assert "salt-0" in found[0]
    for engine in both:
        engine.rebuild(_documents())
    assert _best_words(both[0].find(query)) == _best_words(both[1].find(query))
