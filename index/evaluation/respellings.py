"""The tables of `edits`: how people spell, name and say the same thing otherwise. All of it written for Clarion.

Chinese is in simplified characters; `edits` turns a table into traditional ones where it is applied to such a text.
An entry that becomes itself is a guard: its longer word is met first, so the shorter one inside it stays.
"""

from __future__ import annotations

#: The keys of a keyboard, row by row; a slip hits the one to the left or to the right.
KEY_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")

#: Characters that an input method or a tired eye takes for one another. Neither numbers nor negations are among them.
HAN_CONFUSED = """
的地得 在再 做作坐 他她它 是事市世式试视室 时实食石 以已意易议 有又友 由油游尤 到道倒 为位味 会汇惠 人任仁 国果过
和合河何核 步部布 这者 个各 大打达 上尚 下夏吓 来莱 年念 后候厚 前钱 里理礼 出初 要药 用拥 生声升 发法 可克 家加佳
子字自紫 学雪 公工功 中钟终 民明名 行型形 新心欣信 病并兵 毒独读 疫役 情晴请清轻 水睡 吃迟 盐言严颜 防房放 服福 射社设
抢强 空控 超朝 卖买麦 医依衣 院愿远员 手首守 机鸡击 电店 脑恼 话画化 网往 传船 转赚专 谣摇遥 真针 假价 知之支 只直值纸
息西吸 消销 小晓 效校笑 治至志致 疗料 症正政证 死思司 感敢 染然 患换 住注助 通同 交郊教 警景 察查茶 官观关 方芳 报抱
记计际 采彩菜 访仿 据句具局 导倒 车扯 高糕 速素诉 路露陆 封风丰 城成程 温文闻 度渡 天添 气汽器 台抬 第弟地 震阵 海还
品频 安按 全权 监坚间 督都 管馆 肉柔 鱼雨语 蛋但单 才材财 糖堂 粉分份 米密 面免 香相乡 瓜刮 维围唯 孕运 妇父付负附
儿而 童同 幼又 园原元圆 师诗施失 班般 考烤 银因 航杭 账帐 码马 骗片 诈炸 号好 登灯 微危威 博伯 图土 见建件健 听厅 想响
起启 去趣 开凯 让嚷 被背备 把吧 将讲 对队 就旧 也夜业 很狠 最罪 太态 多夺 少烧 坏怀 长常场 短断 快块 慢漫 早找 晚碗
今金 月越阅 点典 口叩 立力历 接街节 种重 从丛 保宝饱 户护互 区去 县现 线现限 其期奇 产铲 体题提 吸稀 身深 流留 己已
末本 土士 人入 天夫 日曰目 午牛 太犬 王玉主 田由甲 木术 问间 侯候 拔拨 辩辨 免兔 乌鸟 哀衰 晴睛 冒昌 竞竟 析折 慕幕墓
篮蓝 徒陡 徽微 卷券 准淮 揭竭 赢羸 茶荼
"""

#: English as it is written in three places; `a=b`, several wordings of `a` apart by `/`.
ENGLISH_DIALECTS = {
    "aave": """
is not/isn't/are not/aren't/am not/has not/hasn't/have not/haven't=ain't; does not/doesn't=don't; going to=finna
about to=bouta; want to/wants to=wanna; have to/has to=gotta; the=da; this=dis; that=dat; them/those=dem; with=wit
everyone/everybody=erbody; nothing=nuthin; something=sumn; because=cuz; you are/you're=you; they are/they're=they
he is/he's=he; she is/she's=she; we are/we're=we; people=folks; your=yo; never=ain't never; brother=brotha
before=befo; more=mo; very=hella; ask/asked=aks; for=fo; children=chirren; just=jus; old=ole; over there=ova there
over=ova; ever=eva; after=afta; what is/what's=wass; what=wut; going=goin; doing=doin; being=bein; getting=gettin
trying to=tryna; should have=shoulda; could have=coulda; would have=woulda; let me=lemme; give me=gimme; kind of=kinda
out of=outta; all right=aight; mother=mama; father=daddy; there is/there are=it's; is=be; are=be
    """,
    "scots": """
cannot/can't/can not=cannae; do not/don't=dinnae; does not/doesn't=disnae; is not/isn't=isnae; are not/aren't=arenae
was not/wasn't=wisnae; were not/weren't=wurnae; will not/won't=willnae; would not/wouldn't=widnae
could not/couldn't=couldnae; have not/haven't=huvnae; has not/hasn't=hasnae; did not/didn't=didnae
should not/shouldn't=shouldnae; and=an; of=o; to=tae; with=wi; from=fae; for=fur; your=yer; you=ye; my=ma
small/little=wee; children=weans; child=wean; people=folk; woman=wumman; know=ken; who=wha; what=whit; old=auld
house=hoose; down=doon; out=oot; about=aboot; now=noo; dead=deid; head=heid; more=mair; no=nae; all=aw; after=efter
any=ony; were=wur; was=wis; have=huv; has=hus; take=tak; make=mak; over=ower; would=wid; just=jist; their=thair
first=furst; give=gie; good=guid; home=hame; own=ain; world=warld; every=ilka; yes=aye; church=kirk; water=watter
our=oor; town=toon; where=whaur; when=whan; night=nicht; right=richt
    """,
    "pidgin": """
is not/isn't/are not/aren't=no be; was not/wasn't=no bin; do not/don't/does not/doesn't=no dey; did not/didn't=no
cannot/can't/can not=no fit; will not/won't=no go; it is/it's=na; there is/there are=e get; has been/have been=don dey
has/have=don; is/are=dey; was/were=bin dey; will=go; can=fit; the=di; this=dis; that=dat; they/them=dem; their=dia
people=pipo; what=wetin; with=wit; children=pikin dem; child=pikin; because=becos; know=sabi; eat/eating=chop
money=moni; very=well well; person=pesin; something=somtin; nothing=notin; everything=evritin
everyone/everybody=evribodi; before=bifor; government=gofment; other=oda; another=anoda; brother=broda; after=afta
more than=pass; says/said=tok say; country=kontri; police=polis; he/she=e; him/her=am; in=for; how=hau; water=wota
news=tori; small=smol; give=gif; want/wants=wan; never=neva; died=don die; very much=wella; plenty/many=plenti
    """,
}

#: What the mainland calls it, then what Taiwan does.
MAINLAND_TAIWAN = """
视频 影片;质量 品质;信息 资讯;网络 网路;网民 网友;软件 软体;硬件 硬体;短信 简讯;出租车 计程车;地铁 捷运;公交车 公车
摩托车 机车;自行车 脚踏车;酸奶 优酪乳;土豆 马铃薯;西红柿 番茄;菠萝 凤梨;方便面 泡面;盒饭 便当;冰激凌 冰淇淋
三文鱼 鲑鱼;金枪鱼 鲔鱼;鼠标 滑鼠;打印 列印;屏幕 萤幕;黑客 骇客;激光 雷射;导弹 飞弹;幼儿园 幼稚园;身份证 身分证
银行卡 提款卡;转账 转帐;账号 帐号;塑料 塑胶;快餐 速食;奶酪 起司;艾滋病 爱滋病;核酸检测 PCR筛检;空调 冷气;洗发水 洗发精
洗洁精 洗碗精;创可贴 OK绷;输液 打点滴;医保 健保;养老金 退休金;小区 社区;水平 水准;晚点 误点;立交桥 高架桥;航班 班机
酒店 饭店;服务员 服务生;充电宝 行动电源;二维码 QR码;用户 使用者;登录 登入;默认 预设;链接 连结;点击 点选;在线 线上
搜索 搜寻;复印 影印;厘米 公分;概率 机率;芯片 晶片;宇航员 太空人;泥石流 土石流;消毒液 消毒水;洗手液 洗手乳;菜花 花椰菜
圆白菜 高丽菜;红薯 地瓜;猕猴桃 奇异果;番石榴 芭乐;牛油果 酪梨;车厘子 樱桃;地沟油 馊水油;添加剂 添加物;保质期 保存期限
快递 宅配;外卖 外送;短视频 短影音;辟谣 澄清;移动支付 行动支付;打车 叫车;手机号 手机号码;电饭锅 电锅;微信群 LINE群组
卫生间 厕所;立马 马上;老人机 长辈机;反季节 非当季;互联网 网际网路
"""

#: Written Mandarin as it is said in Hong Kong and Canton.
CANTONESE = """
的 嘅;目的 目的;的士 的士;的确 的确;是 系;是否 系咪;是不是 系咪;但是 但系;于是 于是;还是 定系;不 唔;不是 唔系
不要 唔好;不能 唔可以;不知道 唔知;不会 唔会;不锈钢 不锈钢;不仅 唔单止;不过 不过;对不起 对唔住;不良 不良;不法 不法
不幸 不幸;不足 不足;不断 不断;没有 冇;没 冇;沉没 沉没;淹没 淹没;埋没 埋没;没收 没收;他们 佢哋;她们 佢哋;他 佢;她 佢
其他 其他;吉他 吉他;我们 我哋;你们 你哋;咱们 我哋;人们 啲人;什么 乜嘢;怎么 点样;怎么样 点样;为什么 点解;这个 呢个
那个 嗰个;这些 呢啲;那些 嗰啲;这样 咁样;那样 嗰样;这里 呢度;现在 而家;正在 正在;存在 存在;实在 实在;所在 所在
在线 在线;在 喺;了解 了解;为了 为咗;除了 除咗;了 咗;了不起 了不起;吃 食;小吃 小吃;喝 饮;看 睇;看守 看守;看到 睇到
说 话;说明 说明;小说 小说;传说 传说;说法 讲法;知道 知;今天 今日;昨天 寻日;明天 听日;晚上 夜晚;孩子 细路;小孩 细路仔
东西 嘢;给 俾;还 仲;还款 还款;归还 归还;偿还 偿还;还原 还原;返还 返还;骗 呃;诈骗 诈骗;骗局 骗局;骗子 骗子;被骗 俾人呃
找 揾;和 同;和平 和平;共和 共和;协和 协和;饱和 饱和;缓和 缓和;和谐 和谐;中和 中和;总和 总和;医生 医生;感冒 伤风
睡觉 瞓觉;下雨 落雨;漂亮 靓;爸爸 老豆;妈妈 阿妈;很多 好多;非常 好鬼;很 好;马上 即刻;的话 嘅话;打的 搭的士;下午 晏昼
聊天 倾偈;便宜 平
"""
CANTONESE_ENDINGS = ("啊", "喎", "㗎", "呀", "啰")

#: Names that mean the same, apart by `|`. `~` marks a surname: it stays where another given name stands before it.
LATIN_NAMES = """
US|U.S.|USA|United States
UK|U.K.|United Kingdom
EU|European Union
UN|United Nations
WHO|World Health Organization|World Health Organisation
CDC|Centers for Disease Control and Prevention|Centers for Disease Control
FDA|Food and Drug Administration
FBI|Federal Bureau of Investigation
NASA|National Aeronautics and Space Administration
NATO|North Atlantic Treaty Organization
FEMA|Federal Emergency Management Agency
DHS|Department of Homeland Security
DOJ|Department of Justice|Justice Department
GOP|Republican Party
NFL|National Football League
NRA|National Rifle Association
BLM|Black Lives Matter
NHS|National Health Service
NYC|New York City
SCOTUS|Supreme Court
Covid-19|COVID-19|Covid|COVID|covid|coronavirus|Coronavirus|novel coronavirus
HIV|human immunodeficiency virus
Donald Trump|Donald J. Trump|~Trump
Joe Biden|Joseph Biden|~Biden
Barack Obama|~Obama
Hillary Clinton|Hillary Rodham Clinton
Kamala Harris|~Harris
Bernie Sanders|~Sanders
Nancy Pelosi|~Pelosi
Alexandria Ocasio-Cortez|~Ocasio-Cortez|AOC
Mike Pence|~Pence
Anthony Fauci|~Fauci
Elon Musk|~Musk
Vladimir Putin|~Putin
Volodymyr Zelensky|Volodymyr Zelenskyy|~Zelensky|~Zelenskyy
Narendra Modi|~Modi
Jair Bolsonaro|~Bolsonaro
Luiz Inácio Lula da Silva|Lula da Silva|~Lula
Emmanuel Macron|~Macron
Angela Merkel|~Merkel
Justin Trudeau|~Trudeau
Boris Johnson|BoJo
Benjamin Netanyahu|~Netanyahu|Bibi Netanyahu
Greta Thunberg|~Thunberg
Colin Kaepernick|~Kaepernick
Facebook|FB
Instagram|IG|Insta
McDonald's|McDonalds
White House|WH
"""
HAN_NAMES = """
世卫|世卫组织|世界卫生组织|WHO
新冠|新冠病毒|新型冠状病毒
新冠肺炎|新型冠状病毒肺炎|COVID-19
中国疾控中心|中国疾病预防控制中心
疾控中心|疾病预防控制中心
国家卫健委|国家卫生健康委员会
卫健委|卫生健康委员会|卫健部门
发改委|发展和改革委员会
药监局|药品监督管理局
市场监管总局|国家市场监督管理总局
央视|中央电视台|CCTV
新华社|新华通讯社
清华大学|清华
联合国|UN
欧盟|欧洲联盟
特朗普|川普
奥巴马|欧巴马
普京|普丁
泽连斯基|泽伦斯基
默克尔|梅克尔
俄罗斯|俄国
韩国|南韩
朝鲜|北韩
新西兰|纽西兰
意大利|义大利
卫福部|卫生福利部
疾管署|疾病管制署
食药署|食品药物管理署
健保署|中央健康保险署
国税局|财政部国税局
荣总|荣民总医院
台大医院|台湾大学附设医院
台大|台湾大学
指挥中心|中央流行疫情指挥中心
民进党|民主进步党
国民党|中国国民党
脸书|Facebook|FB
推特|Twitter
谷歌|Google
肯德基|KFC
可口可乐|可乐公司
微信|WeChat
支付宝|Alipay
"""
TITLES = (
    "President|Prime Minister|Vice President|Senator|Sen.|Representative|Rep.|Congresswoman|Congressman|Governor|Gov."
    "|Doctor|Dr.|Dr|Mr.|Mr|Mrs.|Mrs|Ms.|Professor|Prof.|Chancellor|Mayor|Justice|Judge|Secretary"
)
HAN_TITLED = (
    "钟南山|李兰娟|张文宏|李文亮|张伯礼|王辰|曾光|高福|马晓伟|陈时中|蔡英文|韩国瑜|柯文哲|赖清德|马英九"
    "|拜登|特朗普|川普|普京"
)
HAN_TITLES = "院士|教授|主任|医生|医师|博士|部长|总统|主席|市长|先生|女士"
#: Places whose rank people leave out: 武汉市 -> 武汉.
HAN_PLACES = """
北京 上海 天津 重庆 广州 深圳 武汉 南京 杭州 成都 西安 温州 郑州 长沙 沈阳 哈尔滨 青岛 济南 大连 厦门 福州 昆明 南宁
太原 合肥 南昌 苏州 无锡 宁波 石家庄 兰州 贵阳 海口 长春 东莞 佛山 珠海 黄冈 孝感 荆州 襄阳 台北 台中 台南 高雄 新北
桃园 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 云南 陕西 甘肃 青海
"""

#: Forwarding noise: what stands before the text, and what after it. `*` is for every other language.
DRESS_BEFORE = {
    "en": (
        "Fwd: 🚨🚨🚨 ",
        "Forwarded as received 👇👇\n\n",
        "OMG guys you HAVE to read this!!! ",
        "#breaking #mustread ‼️ ",
        "My cousin who works there just sent me this 😱 ",
        "*URGENT* not fake, I checked ⚠️\n",
        "Morning all, got this in the family group: ",
    ),
    "zh-Hans": (
        "【转】‼️‼️ ",
        "紧急通知⚠️⚠️⚠️\n",
        "刚刚群里看到的，大家都注意一下😱：",
        "#热点# #必看# ",
        "朋友发来的，宁可信其有🙏🙏 ",
        "速看！马上就删！👇👇\n",
        "各位亲们早上好🌹 转一条消息给大家：",
    ),
    "zh-Hant": (
        "【轉傳】‼️‼️ ",
        "緊急通知⚠️⚠️⚠️\n",
        "剛剛群組看到的，大家注意一下😱：",
        "#重要 #必看 ",
        "朋友傳來的，寧可信其有🙏🙏 ",
        "快看！等等就被刪了！👇👇\n",
        "各位早安🌹 分享一則訊息給大家：",
    ),
    "*": ("Fwd: 🚨🚨🚨 ", "‼️‼️‼️ #viral ", "👇👇👇\n\n", "#urgent ⚠️⚠️ ", "📢📢 Forwarded many times\n"),
}
DRESS_AFTER = {
    "en": (
        "\n\nPlease share with all your family and friends 🙏🙏🙏",
        " Pass it on before they delete it!!! 😡",
        " #truth #wakeup #share",
        "\n👉 Send this to everyone you know. Better safe than sorry ❤️",
        " 😳😳😳 what do you think??",
        "\n\nSent from my iPhone",
    ),
    "zh-Hans": (
        "\n请大家转发给身边的亲人朋友🙏🙏🙏",
        " 赶紧扩散出去！！！",
        " #真相# #扩散#",
        "\n👉 多转一个群，就多救一个人❤️",
        " 😳😳😳 你们怎么看？",
        "（来自某某家长群）",
    ),
    "zh-Hant": (
        "\n請大家轉傳給親朋好友🙏🙏🙏",
        " 趕快分享出去！！！",
        " #真相 #快轉",
        "\n👉 多轉一個群組，就多救一個人❤️",
        " 😳😳😳 大家怎麼看？",
        "（來自家長群組）",
    ),
    "*": (" 🙏🙏🙏 #share", "\n\n👉👉👉 #truth #viral", " 😱😱😱😡", "\n❤️🙏 #news"),
}

ENGLISH_SYNONYMS = """
children=kids; kids=children; doctors=physicians; doctor=physician; video=clip; photo=picture; picture=photo
photos=pictures; pictures=photos; shows=depicts; showing=depicting; died=passed away; dead=deceased; says=states
said=stated; claims=alleges; announced=declared; because=since; huge=enormous; buy=purchase; car=vehicle
cars=vehicles; cure=heal; cures=heals; found=discovered; start=begin; started=began; stop=halt; arrested=detained
banned=prohibited; ban=prohibit; fake=bogus; money=cash; near=close to; now=currently; before=prior to; many=numerous
every=each; but=yet; get=obtain; give=provide; government=authorities; illegal=unlawful; immigrants=migrants
home=house; woman=lady; man=guy; vaccine=jab; vaccines=jabs; reveals=discloses; revealed=disclosed; confirmed=verified
attack=assault; fire=blaze; crash=collision; student=pupil; students=pupils; company=firm; companies=firms
killed=slain; wants=wishes; allowed=permitted; allow=permit; refused=declined; pictured=shown; saw=witnessed; help=aid
big=large; little=small; only=merely; really=truly; also=too; always=constantly; show=display; end=conclude
make=produce; made=produced; use=employ; used=employed; tells=informs; told=informed; asked=requested; sick=ill
job=post; jobs=posts; food=foodstuff; quickly=swiftly; city=town; street=road; kill=slay; kills=slays; last=past
ordered=instructed; signed=endorsed; gave=handed; took=grabbed; collapsed=caved in; prevent=avert; prevents=averts
"""
CONTRACTIONS = """
do not=don't; does not=doesn't; did not=didn't; is not=isn't; are not=aren't; was not=wasn't; were not=weren't
cannot=can't; will not=won't; would not=wouldn't; should not=shouldn't; could not=couldn't; has not=hasn't
have not=haven't; had not=hadn't; I am=I'm; you are=you're; they are=they're; we are=we're; it is=it's; that is=that's
I have=I've; we have=we've; they have=they've; I will=I'll; they will=they'll; there is=there's; what is=what's
"""
HAN_SYNONYMS = """
孩子 小孩;小孩 孩子;医生 大夫;大夫 医生;导致 造成;引起 导致;造成 导致;可以 能够;能够 可以;但是 不过;因为 由于
由于 因为;所以 因此;因此 所以;立即 马上;马上 立刻;立刻 立即;发现 查出;死亡 去世;去世 过世;告诉 告知;购买 买;食用 吃
服用 吃;每天 天天;目前 现在;现在 目前;网传 网上流传;网上 互联网上;预防 防止;防止 预防;治疗 医治;治愈 治好;停止 中止
出现 冒出;曝光 揭露;严重 厉害;全部 所有;许多 很多;很多 不少;大量 大批;非常 十分;十分 非常;特别 格外;警方 警察
民众 老百姓;百姓 民众;市民 居民;老人 老年人;宝宝 婴儿;女子 妇女;男子 男人;食物 食品;食品 食物;蔬菜 青菜;价格 价钱
涨价 提价;汽车 车辆;发生 出了;宣布 宣告;表示 称;提醒 提示;要求 责令;禁止 不准;不要 别;不能 不可以;必须 一定要
如果 要是;感染 染上;患者 病人;病人 患者;消息 讯息;视频 录像;图片 照片;照片 图片;近日 这几天;日前 近日;今天 今日
昨天 昨日;明天 明日;已经 早已;帮助 帮忙;其实 实际上;害怕 担心;危害 害处;好处 益处;方法 办法;办法 方法;容易 易于
致癌 引发癌症;有毒 含毒;超市 商场;抢购 哄抢;全国 全国各地;农村 乡下;聊天 谈话;骗子 行骗的人;免费 不要钱;工作人员 员工
负责人 主管;辟谣 澄清;出门 外出;外出 出门
"""

#: Saying that it is so by denying that it is not.
DOUBLE_NEGATIONS = {
    "en": ("It is not untrue that ", "Nobody can say it isn't the case that ", "It's not as if it were false that "),
    "zh-Hans": ("并不是没有这回事：", "不能说这不是真的：", "没有人能否认："),
    "zh-Hant": ("並不是沒有這回事：", "不能說這不是真的：", "沒有人能否認："),
}
