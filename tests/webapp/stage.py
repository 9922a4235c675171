"""A small, real catalogue to show: SQLite, the embedded engine, the hashed encoder; filled through the facade only.

Five alerts (one a verdict, one withdrawn, one corrected), an unanswered claim with a confirmed outside review, two
sources. Texts are real, well-known rumors and the public facts about them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from index import open_catalogue
from index.catalogue import Catalogue
from index.model import (
    Alert,
    Editor,
    EditorRole,
    Evidence,
    Harm,
    Item,
    Labelled,
    Licence,
    RefutationText,
    Role,
    Severity,
    Source,
    SourceKind,
    SourceState,
    TargetKind,
    Technique,
    Verdict,
)
from index.settings import Settings

START = datetime(2026, 11, 10, 2, 0, tzinfo=UTC)


class StageClock:
    """Stands still until told otherwise."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def pass_(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass(frozen=True)
class Stage:
    catalogue: Catalogue
    clock: StageClock
    writer: Editor
    approver: Editor
    threads: dict[str, str]  # name -> thread id
    claims: dict[str, str]  # name -> claim id


def settings(folder: Path, **changes: object) -> Settings:
    return replace(Settings(data_dir=folder, encoder="hashed", site_url="http://127.0.0.1:8000"), **changes)  # type: ignore[arg-type]


SOURCES = (
    Source(
        "cn-piyao",
        {"zh-Hans": "中国互联网联合辟谣平台", "en": "China Internet Joint Rumor Refuting Platform"},
        SourceKind.OFFICIAL,
        3,
        "piyao.org.cn",
        "https://www.piyao.org.cn/",
        "listing",
        Role.REFUTATION,
        "zh-Hans",
        licence=Licence("excerpt", attribution="中国互联网联合辟谣平台"),
        is_enabled=True,
    ),
    Source(
        "square",
        {"zh-Hans": "城市广场", "zh-Hant": "城市廣場", "en": "Town square"},
        SourceKind.MONITOR,
        0,
        "square.example",
        "https://square.example/",
        "feed",
        Role.CIRCULATING,
        "zh-Hans",
        every_min=15,
        is_enabled=True,
    ),
)

CLAIMS = {
    "5g": ("5G 基站会传播新冠病毒，住在附近的人都会被感染", "zh-Hans"),
    "salt": ("多吃碘盐可以防核辐射，赶快去囤盐", "zh-Hans"),
    "cloud": ("看到地震云就说明三天之内会有大地震", "zh-Hans"),
    "phone": ("在加油站打手机会引爆油气，已经有人被烧伤", "zh-Hans"),
    "strong": ("Drinking strong liquor kills the coronavirus in your body", "en"),
    "exam": ("今年全国高考推迟到七月底举行", "zh-Hans"),
}

WHO = Evidence(
    "世界卫生组织",
    "关于新冠病毒的常见误解",
    "https://www.who.int/zh/emergencies/diseases/novel-coronavirus-2019/advice-for-public/myth-busters",
    date(2020, 4, 8),
)
PIYAO = Evidence("中国互联网联合辟谣平台", "专家解读网传说法", "https://www.piyao.org.cn/", date(2020, 4, 10))

TEXTS = {
    "5g": RefutationText(
        "5G 信号不会传播病毒，病毒不能随无线电波移动",
        Verdict.FALSE,
        "5G 基站会传播新冠病毒",
        "病毒靠飞沫、接触等方式在人与人之间传播，不能附着在无线电波上。没有 5G 网络的国家和地区同样出现过疫情。",
        "“5G 基站一开，附近的人就会被感染，要求拆除信号塔。”",
        "这条说法把两件同时发生的事当作因果：部分城市在疫情期间开通了 5G，但疫情的先后与网络建设的先后并不一致。\n"
        "无线电波是电磁波，不携带任何颗粒。",
        Technique.SPLICED,
        "信号塔传的是数据，病毒靠人传人。看到拆塔号召，不转发，转告对方这条核实。",
        "5G 会传播病毒吗？",
        (WHO, PIYAO),
        topics=("health", "technology"),
        severity=Severity.HIGH,
        harm=Harm.SAFETY,
    ),
    "salt": RefutationText(
        "食用碘盐不能防核辐射，过量反而伤身",
        Verdict.MISLEADING,
        "多吃碘盐可以防核辐射",
        "碘盐里的碘远不够阻断放射性碘，要靠吃盐达到药用剂量，人会先因盐过量中毒。",
        "“多吃碘盐就能防辐射，大家快去囤盐。”",
        "碘片确实能在核事故时保护甲状腺，但那是几百倍的剂量，并且要在统一指挥下服用。",
        Technique.OVERGENERALISED,
        "碘盐是调味品，不是防护药。按平时的量吃盐，关注主管部门的通知。",
        "",
        (WHO, PIYAO),
        topics=("food", "health"),
        regions=("guangdong", "zhejiang"),
        severity=Severity.MEDIUM,
        harm=Harm.HEALTH,
    ),
    "cloud": RefutationText(
        "云的形状与地震没有已证实的关系",
        Verdict.UNPROVEN,
        "看到地震云就说明三天之内会有大地震",
        "目前没有可重复的观测表明某种云能预示地震。云的形状由大气中的水汽和气流决定。",
        "“天上出现地震云，三天内必有大地震。”",
        "地震每天都有，奇特的云也每天都有，事后总能找到巧合。",
        Technique.OUT_OF_CONTEXT,
        "地震目前不能靠看云预报。请以地震部门的信息为准。",
        "",
        (PIYAO, WHO),
        topics=("disaster",),
        severity=Severity.LOW,
    ),
    "phone": RefutationText(
        "加油时不要打手机，是规定，但不是因为会引爆油气",
        Verdict.MISLEADING,
        "在加油站打手机会引爆油气",
        "没有经证实的案例表明手机信号点燃了油气，主要的火源是静电。加油站禁用手机是为了专心操作。",
        "“加油站打电话当场爆炸，快转给有车的人。”",
        "网传视频里的火多由静电引起。",
        Technique.OUT_OF_CONTEXT,
        "防静电比关手机更要紧。加油前先触摸金属放电。",
        "",
        (WHO, PIYAO),
        topics=("traffic",),
        severity=Severity.LOW,
    ),
    "strong": RefutationText(
        "Drinking alcohol does not protect you from the coronavirus",
        Verdict.FALSE,
        "Drinking strong liquor kills the coronavirus in your body",
        "Alcohol in the body does not reach the virus in the airways. "
        "Drinking a lot weakens the defences and can poison.",
        "“A glass of strong liquor every morning kills the virus.”",
        "Alcohol disinfects surfaces at 60 % and more. In the blood such a share would be deadly.",
        Technique.OVERGENERALISED,
        "Alcohol belongs on hands, not in the body. Wash hands and keep vaccinations up to date.",
        "",
        (
            Evidence(
                "World Health Organization",
                "Alcohol and COVID-19: what you need to know",
                "https://www.who.int/europe/publications/m/item/alcohol-and-covid-19-what-you-need-to-know",
                date(2020, 4, 14),
            ),
            PIYAO,
        ),
        language="en",
        topics=("health",),
        severity=Severity.HIGH,
        harm=Harm.HEALTH,
    ),
}


def build(folder: Path, site: Settings | None = None) -> Stage:
    clock = StageClock()
    catalogue = open_catalogue(site or settings(folder), clock=clock)
    catalogue.migrate()
    writer = catalogue.add_editor("editor A", EditorRole.EDITOR, "x")
    approver = catalogue.add_editor("editor B", EditorRole.ADMIN, "x")
    catalogue.put_sources(SOURCES)
    claims = _see_claims(catalogue, clock)
    stage = Stage(catalogue, clock, writer, approver, {}, claims)
    for name in TEXTS:
        clock.pass_(hours=20)
        stage.threads[name] = publish(stage, name).thread_id
    clock.pass_(days=1)
    correct(stage, "salt", "补充剂量对比，结论不变。", truth=TEXTS["salt"].truth + "按平时的量吃即可。")
    clock.pass_(hours=5)
    withdraw(stage, "phone", "所引案例的来源已更正，我们正在重新核实。")
    clock.pass_(hours=3)
    _confirm_review(stage)
    clock.pass_(hours=1)
    catalogue.sync()
    return stage


def _see_claims(catalogue: Catalogue, clock: StageClock) -> dict[str, str]:
    """Records sightings of every claim over some days, and one refutation of another publisher."""
    for day in range(6):
        leases = {lease.source.id: lease for lease in catalogue.lease_sources("stage", 10)}
        items = [
            Labelled(
                Item(
                    f"{name}-{day}-{i}",
                    f"https://square.example/{name}/{day}/{i}",
                    text,
                    text + "。" * i,
                    tongue,
                    Role.CIRCULATING,
                    published_at=clock.now(),
                )
            )
            for name, (text, tongue) in CLAIMS.items()
            for i in range(1 + (day * 3) % 5 if name == "5g" else 1)
        ]
        catalogue.record(
            leases["square"],
            items,
            SourceState(
                "square", clock.now() + timedelta(hours=23), last_checked_at=clock.now(), last_success_at=clock.now()
            ),
        )
        if "cn-piyao" in leases and day == 0:
            review = Item(
                "p1",
                "https://www.piyao.org.cn/gaokao.htm",
                "教育部：今年高考时间不变",
                "教育部表示，今年高考仍按原定时间举行。",
                "zh-Hans",
                Role.REFUTATION,
                published_at=clock.now(),
                publisher="教育部",
                claim=CLAIMS["exam"][0],
                label="谣言",
            )
            state = SourceState(
                "cn-piyao", clock.now() + timedelta(days=30), last_checked_at=clock.now(), last_success_at=clock.now()
            )
            catalogue.record(leases["cn-piyao"], [Labelled(review, Verdict.FALSE, "source", 3)], state)
        clock.pass_(days=1)
    catalogue.sync()
    catalogue.link_waiting()
    rows = {row.claim.statement: row.claim.id for row in _all_claims(catalogue)}
    found = {}
    for name, (text, _) in CLAIMS.items():
        found[name] = next(id for statement, id in rows.items() if text[:8] in statement)
    return found


def _all_claims(catalogue: Catalogue):  # type: ignore[no-untyped-def]
    first = catalogue.desk_claims(1)
    rows = list(first.rows)
    for page in range(2, first.page_count + 1):
        rows += catalogue.desk_claims(page).rows
    return rows


def publish(stage: Stage, name: str, text: RefutationText | None = None) -> Alert:
    """The whole workflow: one editor writes and submits, the other approves."""
    draft = stage.catalogue.draft(stage.claims[name], stage.writer, text or TEXTS[name])
    return _submit_and_approve(stage, draft.id)


def correct(stage: Stage, name: str, note: str, is_material: bool = True, **changes: object) -> Alert:
    refutation_id = stage.catalogue.thread(stage.threads[name]).refutation_id
    draft = stage.catalogue.start_correction(refutation_id, stage.writer)
    assert draft.working is not None
    text = replace(draft.working.text, **changes)  # type: ignore[arg-type]
    stage.catalogue.save(draft.id, text, stage.writer, draft.working.version, note, is_material)
    return _submit_and_approve(stage, draft.id)


def withdraw(stage: Stage, name: str, reason: str) -> Alert:
    refutation_id = stage.catalogue.thread(stage.threads[name]).refutation_id
    proposed = stage.catalogue.propose_withdrawal(refutation_id, stage.writer, reason)
    assert proposed.working is not None
    return stage.catalogue.approve(proposed.id, stage.approver, proposed.working.version)


def _submit_and_approve(stage: Stage, refutation_id: str) -> Alert:
    submitted = stage.catalogue.submit(refutation_id, stage.writer)
    assert submitted.working is not None
    return stage.catalogue.approve(refutation_id, stage.approver, submitted.working.version)


def _confirm_review(stage: Stage) -> None:
    """An editor links the ministry's statement to the claim about the exam."""
    file = stage.catalogue.claim_file(stage.claims["exam"])
    for suggestion in file.suggestions:
        if suggestion.match.target_kind is TargetKind.OUTSIDE:
            stage.catalogue.confirm(suggestion.match.id, stage.approver)
