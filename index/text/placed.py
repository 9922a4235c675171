"""Places that a text names, comparable across Chinese and English: the provinces and great cities of the
Chinese-speaking world, and the countries and cities that rumors in it name. Others are not noticed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from index.text.dated import Found
from index.text.folding import fold

# One place an entry: its Chinese name, other Chinese names, then English ones. China itself tells no two claims apart;
# names that are common words when folded (Turkey, Jordan, Chad, Georgia, Nice, us) are left out in English.
_PLACE_NAMES = """
北京 beijing; 上海 shanghai; 天津 tianjin; 重庆 chongqing; 河北 hebei; 山西 shanxi; 辽宁 liaoning; 吉林 jilin
黑龙江 heilongjiang; 江苏 jiangsu; 浙江 zhejiang; 安徽 anhui; 福建 fujian; 江西 jiangxi; 山东 shandong; 河南 henan
湖北 hubei; 湖南 hunan; 广东 guangdong; 海南 hainan; 四川 sichuan; 贵州 guizhou; 云南 yunnan; 陕西 shaanxi; 甘肃 gansu
青海 qinghai; 广西 guangxi; 西藏 tibet; 宁夏 ningxia; 新疆 xinjiang; 内蒙古 inner-mongolia; 香港 hong-kong hongkong
澳门 macau macao; 台湾 taiwan; 台北 taipei; 新北 new-taipei; 桃园 taoyuan; 新竹 hsinchu; 台中 taichung; 台南 tainan
高雄 kaohsiung; 基隆 keelung; 嘉义 chiayi; 屏东 pingtung; 花莲 hualien; 台东 taitung; 彰化 changhua; 苗栗 miaoli
南投 nantou; 云林 yunlin; 宜兰 yilan; 澎湖 penghu; 金门 kinmen; 武汉 wuhan; 广州 guangzhou; 深圳 shenzhen
成都 chengdu; 杭州 hangzhou; 南京 nanjing; 西安 xian; 郑州 zhengzhou; 长沙 changsha; 沈阳 shenyang; 哈尔滨 harbin
昆明 kunming; 苏州 suzhou; 宁波 ningbo; 温州 wenzhou; 青岛 qingdao; 济南 jinan; 大连 dalian; 厦门 xiamen; 福州 fuzhou
泉州 quanzhou; 合肥 hefei; 南昌 nanchang; 石家庄 shijiazhuang; 太原 taiyuan; 南宁 nanning; 贵阳 guiyang; 兰州 lanzhou
西宁 xining; 银川 yinchuan; 乌鲁木齐 urumqi; 拉萨 lhasa; 海口 haikou; 三亚 sanya; 长春 changchun; 呼和浩特 hohhot
无锡 wuxi; 东莞 dongguan; 佛山 foshan; 珠海 zhuhai; 汕头 shantou; 洛阳 luoyang; 徐州 xuzhou; 烟台 yantai
绍兴 shaoxing; 义乌 yiwu; 宜昌 yichang; 襄阳 xiangyang; 美国 usa america united-states u.s
英国 britain england united-kingdom u.k; 法国 france; 德国 germany; 意大利 义大利 italy; 西班牙 spain; 葡萄牙 portugal
荷兰 netherlands; 比利时 belgium; 瑞士 switzerland; 瑞典 sweden; 挪威 norway; 芬兰 finland; 丹麦 denmark; 波兰 poland
奥地利 austria; 希腊 greece; 匈牙利 hungary; 爱尔兰 ireland; 俄罗斯 russia; 乌克兰 ukraine; 白俄罗斯 belarus
土耳其 turkiye; 以色列 israel; 巴勒斯坦 palestine; 加沙 gaza; 伊朗 iran; 伊拉克 iraq; 叙利亚 syria; 黎巴嫩 lebanon
也门 yemen; 沙特 saudi-arabia; 阿富汗 afghanistan; 巴基斯坦 pakistan; 印度 india; 孟加拉 bangladesh; 尼泊尔 nepal
斯里兰卡 sri-lanka; 缅甸 myanmar burma; 泰国 thailand; 越南 vietnam; 老挝 laos; 柬埔寨 cambodia; 马来西亚 malaysia
新加坡 singapore; 印度尼西亚 印尼 indonesia; 菲律宾 philippines; 日本 japan; 韩国 南韩 south-korea
朝鲜 北韩 north-korea; 蒙古 mongolia; 澳大利亚 澳洲 australia; 新西兰 纽西兰 new-zealand; 加拿大 canada; 墨西哥 mexico
巴西 brazil; 阿根廷 argentina; 智利 chile; 秘鲁 peru; 哥伦比亚 colombia; 委内瑞拉 venezuela; 古巴 cuba; 埃及 egypt
南非 south-africa; 尼日利亚 奈及利亚 nigeria; 肯尼亚 肯亚 kenya; 埃塞俄比亚 ethiopia; 苏丹 sudan; 利比亚 libya
刚果 congo; 加纳 ghana; 乌干达 uganda; 纽约 new-york; 洛杉矶 los-angeles; 加州 california; 得州 texas
佛罗里达 florida; 芝加哥 chicago; 夏威夷 hawaii; 西雅图 seattle; 伦敦 london; 巴黎 paris; 柏林 berlin; 罗马 rome
莫斯科 moscow; 基辅 kyiv kiev; 东京 tokyo; 大阪 osaka; 福岛 fukushima; 首尔 seoul; 曼谷 bangkok; 悉尼 sydney
墨尔本 melbourne; 多伦多 toronto; 德里 delhi; 孟买 mumbai; 迪拜 杜拜 dubai
"""
_PLACES = [entry.split() for entry in re.split(r"[;\n]", _PLACE_NAMES) if entry.strip()]
_HAN_PLACES = {name: names[0] for names in _PLACES for name in names if not name[0].isascii()}
_ENGLISH_PLACES = {name.replace("-", " "): names[0] for names in _PLACES for name in names if name[0].isascii()}
#: Words that begin with a place and are none, tried first.
_NO_PLACES = """
纽约时报 纽约邮报
印度洋 日本脑炎 德国小蠊 罗马尼亚 罗马数字 巴西利亚 南京西路 苏丹红 荷兰豆 澳洲坚果 法国梧桐 新北方 桃园三结义
"""
_NOT_PLACES = frozenset(_NO_PLACES.split())
_PLACE = re.compile("|".join(sorted({*_HAN_PLACES, *_NOT_PLACES}, key=len, reverse=True)))
_LATIN = re.compile("[a-z]{2}|u\\.")
_ENGLISH_PLACE = re.compile(
    rf"\b(?:{'|'.join(re.escape(n) for n in sorted(_ENGLISH_PLACES, key=len, reverse=True))}|xi['’]an)\b"
)

#: What lies in what; a text may name either. Cities are found in their country through their province.
_PARTS = """
湖北 武汉 宜昌 襄阳; 广东 广州 深圳 东莞 佛山 珠海 汕头; 四川 成都; 浙江 杭州 宁波 温州 绍兴 义乌
江苏 南京 苏州 无锡 徐州; 陕西 西安; 河南 郑州 洛阳; 湖南 长沙; 辽宁 沈阳 大连; 黑龙江 哈尔滨; 云南 昆明
山东 青岛 济南 烟台; 福建 厦门 福州 泉州; 安徽 合肥; 江西 南昌; 河北 石家庄; 山西 太原; 广西 南宁; 贵州 贵阳
甘肃 兰州; 青海 西宁; 宁夏 银川; 新疆 乌鲁木齐; 西藏 拉萨; 海南 海口 三亚; 吉林 长春; 内蒙古 呼和浩特
台湾 台北 新北 桃园 新竹 台中 台南 高雄 基隆 嘉义 屏东 花莲 台东 彰化 苗栗 南投 云林 宜兰 澎湖 金门
美国 纽约 洛杉矶 加州 得州 佛罗里达 芝加哥 夏威夷 西雅图; 加州 洛杉矶; 英国 伦敦; 法国 巴黎; 德国 柏林
意大利 罗马; 俄罗斯 莫斯科; 乌克兰 基辅; 日本 东京 大阪 福岛; 韩国 首尔; 泰国 曼谷; 澳大利亚 悉尼 墨尔本
加拿大 多伦多; 印度 德里 孟买; 巴勒斯坦 加沙
"""
_INSIDE = {
    (part, whole)
    for whole, *parts in (entry.split() for entry in re.split(r"[;\n]", _PARTS) if entry.strip())
    for part in parts
}
#: Words that bring a place to mind without naming it: enough to see that it is not another place that is meant.
_HINTS = """
美国 american americans us 美军 美方 美籍 美媒 washington trump biden obama pentagon; 英国 british uk 英媒 英籍
法国 french français française; 德国 german germans 德媒; 意大利 italian italians; 西班牙 spanish
俄罗斯 russian russians russes russie 俄军 俄方 俄媒; 乌克兰 ukrainian ukrainians 乌军 乌方
以色列 israeli israelis 以军 以方; 伊朗 iranian; 印度 indian indians; 日本 japanese 日籍 日媒 日方
韩国 korean koreans 韩媒 韩籍; 墨西哥 mexican mexicans; 加拿大 canadian canadians; 澳大利亚 australian australians
巴勒斯坦 palestinian palestinians; 叙利亚 syrian syrians; 阿富汗 afghan; 巴基斯坦 pakistani; 土耳其 turkish turkey
巴西 brazilian; 菲律宾 filipino; 泰国 thai; 越南 vietnamese; 香港 港媒 港人 赴港 抵港 返港 来港
台湾 台媒 台方 taiwanese; 印度尼西亚 indonesian; 马来西亚 malaysian 大马; 斯里兰卡 srilankan
"""
_HINTED = {
    word: place
    for place, *hints in (entry.split() for entry in re.split(r"[;\n]", _HINTS) if entry.strip())
    for word in hints
}
_HINT = re.compile(
    rf"{'|'.join(w for w in _HINTED if not w[0].isascii())}|\b(?:{'|'.join(w for w in _HINTED if w[0].isascii())})\b"
)


def places(text: str) -> frozenset[str]:
    """The places of the list that a text names, in Chinese, whatever language it is in."""
    return frozenset(value for _, _, value in find_places(fold(text)))


def find_places(folded: str) -> Iterator[Found]:
    """Each place of the list in a folded text, with where it stands."""
    for match in _PLACE.finditer(folded) if not folded.isascii() else ():
        if match.group() not in _NOT_PLACES:
            yield match.start(), match.end(), _HAN_PLACES[match.group()]
    for match in _ENGLISH_PLACE.finditer(folded) if _LATIN.search(folded) else ():
        yield match.start(), match.end(), _ENGLISH_PLACES[re.sub("['’]", "", match.group())]


def hinted_places(folded: str) -> frozenset[str]:
    """The places that a folded text names or brings to mind (American, 美军)."""
    named = {value for _, _, value in find_places(folded)}
    return frozenset(named | {_HINTED[match.group()] for match in _HINT.finditer(folded)})


def places_conflict(ours: Collection[str], theirs: Collection[str]) -> bool:
    """Whether two texts that both name places name none that is, or lies in, one of the other's."""
    return bool(ours and theirs) and not any(
        a == b or (a, b) in _INSIDE or (b, a) in _INSIDE for a in ours for b in theirs
    )
