"""Texts: folding, terms, noise, sentences, addresses, languages, personal data, numbers and denials."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from index import text
from index.ports import MAX_TERMS

#: Repeated to 200,000 characters; a pattern that tries every start for every end would take minutes.
HOSTILE = ["\ufdfa", "a", "好*", "\ud800", "(", "请", "转发", "大家转发", "转：", "- ", " ", "\n", "😀 ", "//@a:", "【"]
HOSTILE += ["1,", "www.", "please ", "share this to ", "!", "百", "千万", "no ", "a.", "@a"]
unhurried = settings(deadline=None)  # the first call loads dictionaries
ANY_TEXT = st.text(max_size=300)
#: Texts made of what folding works on: camouflage, both scripts, invisible characters, full width.
ODD_TEXT = st.text(alphabet="新冠疫苗乾著後麵里裏*-_ ·.·@​‏ﷺＡａⅧ㎏ﬀİßΣς１９é́\ud800\x00\n9A", max_size=40)
URL_TEXT = st.text(alphabet="ahtps:/.?&=#%@[]\\ -_~utm1中例＃％２", max_size=40)


class TestFolding:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("網傳喝高度白酒可以預防新冠病毒", "网传喝高度白酒可以预防新冠病毒"),
            ("ＣＯＶＩＤ－１９", "covid-19"),
            ("新*冠-疫 苗", "新冠疫苗"),
            ("转\u200b发\u202e给\ufeff你", "转发给你"),
            ("Straße", "STRASSE"),
            ("跟著喝", "跟着喝"),
        ],
    )
    def test_spellings_of_one_text_fold_to_the_same(self, one: str, other: str) -> None:
        assert text.fold(one) == text.fold(other)

    def test_symbols_outside_han_stay(self) -> None:
        assert text.fold("COVID-19 and F-16") == "covid-19 and f-16"

    @unhurried
    @given(ANY_TEXT | ODD_TEXT)
    @example("ͅ" * 3)
    @example("ﷺ" * 20)
    def test_folding_is_idempotent(self, raw: str) -> None:
        once = text.fold(raw)
        assert text.fold(once) == once

    @unhurried
    @given(ANY_TEXT | ODD_TEXT)
    def test_no_term_holds_white_space_or_is_empty(self, raw: str) -> None:
        assert all(term and not any(c.isspace() for c in term) for term in text.terms(raw))


class TestTerms:
    def test_han_gives_characters_and_pairs(self) -> None:
        assert text.terms("隔夜水") == ["隔", "夜", "水", "隔夜", "夜水"]

    def test_traditional_and_simplified_give_the_same_terms(self) -> None:
        assert text.terms("隔夜開水致癌") == text.terms("隔夜开水致癌")

    def test_english_forms_of_a_word_share_a_stem(self) -> None:
        assert len({text.terms(word)[0] for word in ("microwave", "microwaves", "microwaved", "microwaving")}) == 1

    @pytest.mark.parametrize("word", ["is", "virus", "glass", "red", "sing", "news"])
    def test_short_and_odd_words_are_not_mutilated(self, word: str) -> None:
        assert text.shingles(word) == {word}

    def test_addresses_become_keys_and_not_words(self) -> None:
        found = text.terms("看这里 https://www.example.com/a?utm_source=x&id=3 很重要")
        assert "url:example.com/a?id=3" in found
        assert not {"https", "exampl", "com", "utm_sourc"} & set(found)

    def test_numbers_are_terms(self) -> None:
        assert {"5g", "2020", "covid", "19"} <= set(text.terms("5G and COVID-19 in 2020"))

    def test_a_query_looks_for_pairs_and_for_single_characters_only_if_there_are_few(self) -> None:
        assert text.query_terms("隔夜水", 256) == ("隔夜", "夜水", "隔", "夜", "水")
        long = text.query_terms("隔夜水里的亚硝酸盐会让人得癌症，千万不要再喝了", 256)
        assert "亚硝" in long and not any(len(term) == 1 for term in long)
        assert text.query_terms("隔夜開水", 256) == text.query_terms("隔夜开水", 256)

    def test_a_long_query_looks_for_terms_from_all_over_the_text(self) -> None:
        raw = " ".join(f"word{n}" for n in range(1_000)) + " https://example.com/a"
        found = text.query_terms(raw, 100)
        assert len(found) == 100 and found[0] == "url:example.com/a"
        places = [int(term.removeprefix("word")) for term in found[1:]]
        assert places == sorted(places) and places[0] == 0 and places[-1] > 980
        assert max(b - a for a, b in itertools.pairwise(places)) <= 11

    @pytest.mark.parametrize(
        ("raw", "expected"),
        [
            ("", ()),
            ("😀👍🏽", ()),
            ("\ud800", ()),
            ("The masks", ("mask",)),
            ("隔夜開水 123", ("隔夜", "夜开", "开水", "123", "隔", "夜", "开", "水")),
            ("ワクチン危険", ("ワク", "クチ", "チン", "ン危", "危険", "ワ", "ク", "チ", "ン", "危", "険")),
            ("백신 위험", ("백신", "위험", "백", "신", "위", "험")),
            ("น้ำ", ("น้", "้ํ", "ํา", "น", "้", "ํ", "า")),
            ("вакцина опасна", ("вакцина", "опасна")),
            ("اللقاح خطير", ("اللقاح", "خطير")),
            ("टीका खतरनाक", ("टीका", "खतरनाक")),
            ("https://example.com/a", ("url:example.com/a",)),
        ],
    )
    def test_a_short_query_of_any_script_looks_for_all_it_has(self, raw: str, expected: tuple[str, ...]) -> None:
        assert text.query_terms(raw, MAX_TERMS) == expected

    def test_a_character_that_stands_alone_is_looked_for_only_if_there_are_few_pairs(self) -> None:
        assert "糖" in text.query_terms("糖, 隔夜水", MAX_TERMS)
        assert "糖" not in text.query_terms("糖, 隔夜水里的亚硝酸盐会让人得癌症", MAX_TERMS)

    @pytest.mark.parametrize("size", [300, 5_000, 20_000, 1_000_000])
    @pytest.mark.parametrize("kind", ["han", "words", "both"])
    def test_the_first_and_the_last_sentence_of_a_long_text_are_looked_for(self, kind: str, size: int) -> None:
        han = "".join(chr(0x4E00 + n * n % 3_001) for n in range(size)) if kind != "words" else ""
        words = " ".join(f"w{n}" for n in range(size // 6)) if kind != "han" else ""
        found = text.query_terms(f"白醋洗手。{han} {words}。大蒜泡酒", MAX_TERMS)
        assert {"白醋", "泡酒"} <= set(found) and len(found) <= MAX_TERMS

    def test_a_list_of_addresses_leaves_room_for_words(self) -> None:
        raw = " ".join(f"https://example.com/{n}" for n in range(1_000)) + " " + " ".join(f"w{n}" for n in range(1_000))
        found = text.query_terms(raw, MAX_TERMS)
        assert len(found) == MAX_TERMS
        assert [term.startswith("url:") for term in found] == [n < MAX_TERMS // 2 for n in range(MAX_TERMS)]

    @unhurried
    @given(ANY_TEXT | ODD_TEXT | URL_TEXT, st.integers(0, 40))
    def test_a_query_has_few_terms_and_only_those_of_its_text(self, raw: str, limit: int) -> None:
        found = text.query_terms(raw, limit)
        assert len(found) <= limit and len(set(found)) == len(found) and set(found) <= set(text.terms(raw))
        assert found == text.query_terms(raw, limit)

    @unhurried
    @given(ANY_TEXT | ODD_TEXT | URL_TEXT)
    def test_a_query_without_terms_is_of_a_text_without_terms(self, raw: str) -> None:
        assert bool(text.query_terms(raw, MAX_TERMS)) == bool(text.terms(raw))

    @unhurried
    @given(st.lists(ANY_TEXT | ODD_TEXT, min_size=1, max_size=20), st.integers(4, 40))
    def test_of_more_terms_than_fit_the_first_and_the_last_are_kept(self, pieces: list[str], limit: int) -> None:
        raw = "\n".join(pieces)
        everything, found = text.query_terms(raw, 1_000_000), text.query_terms(raw, limit)
        words = [term for term in everything if not term.startswith("url:")]
        if len(everything) <= limit // 2:
            assert found == everything
        if words:
            assert {words[0], words[-1]} <= set(found)
        assert list(found) == sorted(found, key=everything.index)

    @pytest.mark.parametrize(
        ("raw", "read"),
        [
            ("新*冠★疫.苗有毒 https://example.com/x", "新冠疫苗有毒"),
            ("新 冠 疫 苗，有毒", "新冠疫苗,有毒"),
            ("今天很好\n明天下雨", "今天很好 明天下雨"),
            ("THE WHO SAYS MASKS DO NOT HELP", "the who says masks do not help"),
            ("The WHO says so", "The WHO says so"),
            ("Сovid 疫描 and V信", "covid 疫苗 and 微信"),
            ("https://example.com/x", "https://example.com/x"),
        ],
    )
    def test_a_text_is_encoded_as_it_was_meant(self, raw: str, read: str) -> None:
        assert " ".join(text.legible(raw).split()) == read


class TestUnderstanding:
    @pytest.mark.parametrize(
        ("raw", "clean"),
        [
            ("【转】隔夜水致癌", "隔夜水致癌"),
            ("转发：隔夜水致癌，请大家扩散！", "隔夜水致癌，"),
            ("轉發：隔夜水致癌，請大家轉發！", "隔夜水致癌，"),
            ("速看！隔夜水致癌", "隔夜水致癌"),
            ("Fwd: boiled water is toxic", "boiled water is toxic"),
            ("Forwarded as received: boiled water is toxic", "boiled water is toxic"),
            ("Boiled water is toxic. Please share with everyone you know!", "Boiled water is toxic."),
            ("隔夜水致癌😱😱😱", "隔夜水致癌"),
            ("隔夜水致癌（分享自微博客户端）", "隔夜水致癌"),
        ],
    )
    def test_forwarding_noise_is_taken_off_and_said_so(self, raw: str, clean: str) -> None:
        understood = text.understand(raw)
        assert understood.text == clean
        assert understood.was_trimmed

    @pytest.mark.parametrize(
        "raw",
        [
            "警方提醒：不要扩散谣言",
            "病毒扩散的速度加快",
            "She asked him to share the cake",
            "转基因食品上市",
            "line one\nline two",
        ],
    )
    def test_words_that_only_look_like_noise_stay(self, raw: str) -> None:
        assert text.understand(raw) == text.Understood(raw, False, (), text.sentences(raw))

    def test_a_text_of_noise_only_is_kept(self) -> None:
        assert text.understand("请大家转发！").text == "请大家转发！"

    def test_the_limit_cuts_and_says_so(self) -> None:
        understood = text.understand("好" * 6_000)
        assert (len(understood.text), understood.was_trimmed) == (5_000, True)

    def test_addresses_are_found_once_each_and_canonical(self) -> None:
        raw = "看https://a.example/x?utm_medium=y，再看 http://a.example/x。还有www.b.example/z)"
        assert text.understand(raw).urls == ("https://a.example/x", "http://a.example/x", "http://www.b.example/z")

    def test_sentences_leave_addresses_out(self) -> None:
        raw = "隔夜水致癌！是真的吗？Boiled twice. It is toxic. https://a.example/x"
        assert text.sentences(raw) == ("隔夜水致癌！", "是真的吗？", "Boiled twice.", "It is toxic.")

    @settings(max_examples=200, deadline=None)
    @given(ANY_TEXT | ODD_TEXT | URL_TEXT)
    def test_nothing_makes_it_crash(self, raw: str) -> None:
        understood = text.understand(raw)
        assert len(understood.text) <= 5_000
        assert len(text.fingerprint(raw)) == 64
        text.language_of(raw), text.length(raw), text.numbers(raw), text.negations(raw), text.mask_personal(raw)

    @pytest.mark.parametrize("piece", HOSTILE)
    def test_hostile_texts_are_understood_too(self, piece: str) -> None:
        raw = piece * (200_000 // len(piece))
        understood = text.understand(raw)
        assert len(understood.text) <= 5_000
        assert len(text.fingerprint(understood.text)) == 64
        text.terms(understood.text), text.numbers(understood.text), text.negations(understood.text)
        text.mask_personal(understood.text)


class TestFingerprint:
    def test_dress_does_not_change_it(self) -> None:
        plain = text.fingerprint("喝高度白酒可以预防新冠病毒")
        assert plain == text.fingerprint("【转】喝高度白酒，可以預防「新冠病毒」！！！请大家扩散！")

    def test_words_do(self) -> None:
        assert text.fingerprint("喝白酒可以预防新冠") != text.fingerprint("喝白酒不可以预防新冠")


class TestAddresses:
    @pytest.mark.parametrize(
        ("raw", "canonical"),
        [
            ("HTTP://EXAMPLE.com:80/a/../b?b=2&a=1#top", "http://example.com/b?a=1&b=2"),
            ("https://example.com:8443", "https://example.com:8443/"),
            (
                "https://mp.weixin.qq.com/s?__biz=A&mid=1&idx=2&sn=x&chksm=y&scene=27",
                "https://mp.weixin.qq.com/s?__biz=A&idx=2&mid=1&sn=x",
            ),
            ("https://example.com/?p=7&fbclid=1&share_from=w&from=timeline&isappinstalled=0", "https://example.com/?p=7"),
            ("https://例子.中国/新闻", "https://xn--fsqu00a.xn--fiqs8s/%E6%96%B0%E9%97%BB"),
        ],
    )
    def test_one_spelling(self, raw: str, canonical: str) -> None:
        assert text.canonical_url(raw) == canonical

    @pytest.mark.parametrize(
        "raw",
        [
            "", "example.com", "ftp://example.com/a", "javascript:alert(1)", "https://", "https:///a",
            "https://user@example.com/", "https://a:b@example.com/", "https://example.com\\@evil.test/",
            "https://exa mple.com/",
            "https://example.com/\n", "https://example.com/a\u202eb", "https://example.com:99999/", "https://[::1/", "https://ex_am/",
            "https://example.com/" + "a" * 3_000,
        ],
    )  # fmt: skip
    def test_odd_addresses_have_none(self, raw: str) -> None:
        assert text.canonical_url(raw if raw.strip() == raw else raw + "x") is None

    def test_the_key_leaves_scheme_and_www_out(self) -> None:
        assert text.url_key("http://www.example.com/a/") == text.url_key("https://example.com/a") == "example.com/a"

    @unhurried
    @given(URL_TEXT.map("https://example.com/".__add__) | URL_TEXT.map("http://".__add__) | st.text(max_size=60))
    def test_canonical_addresses_are_idempotent(self, raw: str) -> None:
        canonical = text.canonical_url(raw)
        if canonical is not None:
            assert text.canonical_url(canonical) == canonical

    @given(st.from_regex(r"https?://[a-z0-9.-]{1,70}(?:/[A-Za-z0-9._~-]{0,4}){0,4}", fullmatch=True))
    @example("http://a.example/./b")
    @example("http://a.example/b/..")
    @example("http://www.a-b.example//b/.c/")
    @example("http://" + "a" * 64 + ".example/b")
    def test_an_address_without_anything_odd_is_written_as_by_the_long_way(self, raw: str) -> None:
        assert text.canonical_url(raw) == text.canonical_url(f"{raw}?")  # with a query, it is taken apart


class TestLanguages:
    @pytest.mark.parametrize(
        ("raw", "language"),
        [
            ("新冠病毒通过空气传播", "zh-Hans"),
            ("新冠病毒透過空氣傳播", "zh-Hant"),
            ("Drinking water every 15 minutes", "en"),
            ("5G基站会传播COVID-19吗", "zh-Hans"),
            ("ワクチンにチップが入っている", "ja"),
            ("백신에 칩이 들어 있다", "ko"),
            ("Вакцина содержит чип", "ru"),
            ("La vacuna contiene un chip y no es segura", "es"),
            ("12345 !!!", "und"),
            ("", "und"),
        ],
    )
    def test_the_language_is_told(self, raw: str, language: str) -> None:
        assert text.language_of(raw) == language

    def test_length_counts_characters_and_words(self) -> None:
        assert text.length("喝白酒防COVID-19 https://a.example/long/path") == text.Length(han=4, words=2)

    def test_a_mixed_text_counts_both_shares(self) -> None:
        assert not text.length("5G信号塔传播病毒").is_under(han=8, words=4)
        assert text.length("信号塔").is_under(han=8, words=4)


class TestPersonalData:
    @pytest.mark.parametrize(
        ("raw", "masked"),
        [
            ("联系13812345678或+86 138-1234-5678", "联系［电话］或［电话］"),
            ("电话010-62345678", "电话［电话］"),
            ("身份证11010519900307123X", "身份证［证件号］"),
            ("請撥0912-345-678找我，信箱 a.b@example.com", "請撥［電話］找我，信箱 ［電子郵件］"),
            ("车牌京A12345的车主", "车牌［车牌］的车主"),
            ("call +1 202-555-0143 or write to me@example.org", "call [phone] or write to [e-mail]"),
        ],
    )
    def test_what_identifies_a_person_is_masked_in_the_texts_script(self, raw: str, masked: str) -> None:
        assert text.mask_personal(raw) == masked

    @pytest.mark.parametrize("raw", ["拨打110或12345", "2020年1月30日12:00", "ISO-9001", "感染30000人", "400-800-8820"])
    def test_hotlines_dates_and_counts_stay(self, raw: str) -> None:
        assert text.mask_personal(raw) == raw


class TestStatements:
    @pytest.mark.parametrize("raw", ["3万人", "三万人", "30,000 people", "30 thousand people", "３００００人", "3萬人"])
    def test_one_number_has_one_spelling(self, raw: str) -> None:
        assert text.numbers(raw) == {"30000"}

    @pytest.mark.parametrize(
        "raw", ["COVID-19", "5G基站", "H1N1", "千万不要", "万一", "一个人", "十分危险", "https://a.example/12"]
    )
    def test_names_and_idioms_are_no_numbers(self, raw: str) -> None:
        assert text.numbers(raw) == set()

    @pytest.mark.parametrize(
        ("raw", "number"), [("百分之五十", "50"), ("十分钟后", "10"), ("two hours", "2"), ("二百零三人", "203")]
    )
    def test_numbers_in_words_are_read(self, raw: str, number: str) -> None:
        assert text.numbers(raw) == {number}

    @pytest.mark.parametrize(
        "raw", ["5G不会传播病毒", "白酒不能预防新冠", "纯属谣言", "5G does not spread it", "it isn't true"]
    )
    def test_denials_are_counted(self, raw: str) -> None:
        assert text.negations(raw) == 1

    @pytest.mark.parametrize(
        "raw", ["不要吃西瓜", "是不是真的", "能不能吃", "Do not eat this", "切勿饮用", "not only that"]
    )
    def test_warnings_and_questions_are_no_denials(self, raw: str) -> None:
        assert text.negations(raw) == 0


@pytest.mark.parametrize(
    "raw", ["404 Not Found", "Please log in to continue", "請先登錄", "该内容已被发布者删除", "Access denied"]
)
def test_error_and_log_in_pages_are_boilerplate(raw: str) -> None:
    assert text.is_boilerplate(raw)


def test_an_article_about_log_ins_is_not_boilerplate() -> None:
    assert not text.is_boilerplate("How thieves steal accounts: " + "they ask people to sign in to a false page. " * 20)
