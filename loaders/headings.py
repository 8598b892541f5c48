"""The words of the 调单 export: column headings, kinds of file, directions, currencies."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# What we call a column, and the headings under which it has been seen (帐 is read as 账, brackets as
# half-width).
HEADINGS: dict[str, tuple[str, ...]] = {
    "own_card": ("交易卡号", "本方卡号", "查询卡号"),
    "own_account": ("交易账号", "本方账号", "查询账号"),
    "own_name": ("账户开户名称", "交易户名", "交易方户名", "本方户名"),
    "own_number": ("开户人证件号码", "交易证件号码", "交易证件号", "交易方证件号码", "交易方证件号"),
    "own_bank": ("交易方开户行", "本方开户行"),
    "time": ("交易时间",),
    "date": ("交易日期",),
    "amount": ("交易金额", "交易金额合计"),
    "amount_in": ("收入金额", "贷方发生额", "转入金额", "存入金额"),
    "amount_out": ("支出金额", "借方发生额", "转出金额", "支取金额"),
    "balance": ("交易余额", "账户余额", "余额"),
    "direction": ("收付标志", "借贷标志", "交易借贷标志", "进出标志"),
    "other": ("交易对手账卡号", "交易对方账卡号", "交易对手账号", "交易对方账号", "对手账号", "对方账号"),
    "other_type": ("交易对方账卡号类型", "交易对手账卡号类型"),
    "cash": ("现金标志",),
    "other_name": ("对手户名", "交易对方名称", "交易对方户名", "交易对手户名", "对方户名"),
    "other_number": ("对手身份证号", "对手证件号", "对手证件号码", "交易对方证件号码"),
    "other_bank": ("对手开户银行", "交易对方账号开户行", "对手开户行"),
    "memo": ("摘要说明", "交易摘要", "摘要"),
    "currency": ("交易币种", "币种"),
    "success": ("交易是否成功",),
    "ip": ("IP地址",),
    "mac": ("MAC地址", "MAC"),
    "other_balance": ("对手交易余额", "交易对手余额"),
    "reference": ("交易流水号",),
    "log": ("日志号",),
    "voucher": ("传票号",),
    "document": ("凭证号",),
    "type": ("交易类型",),
    "remark": ("备注",),
    "undone": ("冲补抹标志",),
}

# Headings that stand in no other file than one of transactions; eight of these and it is one, whatever it
# lacks.
TELLING = frozenset(
    (
        "交易卡号 交易账号 交易时间 交易金额 交易余额 收付标志 交易对手账卡号 现金标志 对手户名 对手身份证号 "
        "对手证件号 对手开户银行 摘要说明 交易币种 交易网点名称 交易发生地 交易是否成功 传票号 对手交易余额 "
        "交易流水号 日志号 凭证种类 凭证号 交易柜员号"
    ).split()
)
NEEDED: tuple[tuple[str, ...], ...] = (
    ("own_account", "own_card"),
    ("time", "date"),
    ("amount", "amount_in", "amount_out"),
    ("direction", "amount_in", "amount_out"),
)

_NAMES = {name: key for key, names in HEADINGS.items() for name in names}
_UNIT = re.compile(r"[(\[]\s*(?:单位[:：]?)?\s*(?:人民币)?\s*(万元|元|分|角|千元)\s*[)\]]$")
SHIFTS = {"万元": 4, "千元": 3, "元": 0, "角": -1, "分": -2}


def plain_heading(name: str) -> tuple[str, int]:
    """A heading without its unit, and the power of ten by which its amounts are to be multiplied.

    Examples
    --------
    >>> plain_heading("交易金额（万元）"), plain_heading(" 交易帐号 "), plain_heading("交易金额(分)")
    (('交易金额', 4), ('交易账号', 0), ('交易金额', -2))
    """
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", name)).replace("帐", "账").strip("*'\"")
    found = _UNIT.search(plain)
    if found:
        return plain[: found.start()], SHIFTS[found[1]]
    return plain, 0


def columns_of(header: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Where each column of ours stands in a header of transactions, and its power of ten."""
    found: dict[str, tuple[int, int]] = {}
    rank: dict[str, int] = {}
    for position, name in enumerate(header):
        heading, shift = plain_heading(name)
        key = _NAMES.get(heading)
        if key is None and heading.upper() in ("IP地址", "MAC地址", "MAC", "IP"):
            key = "ip" if heading.upper().startswith("IP") else "mac"
        if key is not None:
            # The form of the 38 columns has 查询账号 beside 本方账号: the one named first in our list counts.
            order = HEADINGS[key].index(heading) if heading in HEADINGS[key] else 99
            if key not in found or order < rank[key]:
                found[key], rank[key] = (position, shift), order
    return found


def missing(header: Sequence[str]) -> list[str]:
    """Headings that a file of transactions cannot do without, as `A or B`."""
    columns = columns_of(header)
    return [
        " | ".join(HEADINGS[key][0] for key in keys)
        for keys in NEEDED
        if not any(key in columns for key in keys)
    ]


def kind_of_header(header: Sequence[str]) -> str:
    """Which file of the export has this header; empty if none.

    Examples
    --------
    >>> kind_of_header(["交易卡号", "交易账号", "交易时间", "交易金额", "收付标志"])
    'transactions'
    >>> kind_of_header(["开户名称", "证照类型", "证照号码", "住宅地址"]), kind_of_header(["a", "b"])
    ('addresses', '')
    """
    names = {plain_heading(name)[0] for name in header if name}
    if len(names) < 3:
        return ""
    if len(names & TELLING) >= 8 or (
        names & {"交易金额"} and not missing(header) and names & {"交易卡号", "交易账号"}
    ):
        return "transactions"
    if "子账户账号" in names and ("开户账号" in names or "账号" in names):
        return "subaccounts"
    if names & {"冻结措施类型", "冻结金额", "冻结措施类型名称"}:
        return "measures"
    if names & {"反馈结果", "查询结果"} and "任务流水号" in names:
        return "tasks"
    if names & {"账户开户名称", "开户名称"} and names & {"交易卡号", "交易账号", "卡号", "账号"}:
        return "accounts"
    if names & {"客户名称(客户姓名)", "客户姓名", "客户名称"} and "证照号码" in names:
        return "people"
    if "开户名称" in names and "证照号码" in names:
        return "addresses" if "住宅地址" in names else "contacts" if "联系电话" in names else ""
    return ""


KINDS_OF_FILE = (
    "任务信息(成功)",
    "任务信息(失败)",
    "任务信息",
    "人员信息",
    "账户信息",
    "交易明细信息",
    "交易明细",
    "交易流水",
    "关联子账户信息",
    "强制措施信息",
    "人员联系方式信息",
    "人员联系方式",
    "人员住址信息",
    "人员住址",
)
_BANK = re.compile(r"银行|信用社|农商行|农信|联社|财付通|支付|邮储|微信|钱包")


def bank_of(name: str) -> str:
    """The bank of a file: what stands before the kind in its name, else the nearest folder that names one.

    Examples
    --------
    >>> bank_of("case/中国银行_交易明细信息.csv"), bank_of("case/中国工商银行/交易明细信息(1).csv")
    ('中国银行', '中国工商银行')
    >>> bank_of("a/交易明细.csv")
    ''
    """
    *folders, last = unicodedata.normalize("NFKC", name).split("/")
    stem = last.rpartition(".")[0] or last
    for kind in sorted(KINDS_OF_FILE, key=len, reverse=True):
        at = stem.find(kind)
        if at >= 0:
            stem = stem[:at]
            break
    else:
        stem = ""
    own = re.sub(r"^[\d_.\- ()]+|[\d_.\- ()]+$", "", stem)
    if own:
        return own
    for folder in reversed(folders):
        plain = re.sub(r"^[\d_.\- ()]+|[\d_.\- ()]+$", "", re.sub(r"\.zip$", "", folder, flags=re.I))
        if _BANK.search(plain):
            return plain
    # A folder a bank, under one that was named: the bank's name need not say that it is one.
    return re.sub(r"\.zip$", "", folders[-1], flags=re.I) if len(folders) > 1 else ""


# 借 is out: these are deposits of customers, the bank's debts.
OUT = frozenset(
    "出 D 借 借方 借记 付 付方 付款 支出 支 转出 汇出 流出 取 取款 取出 支取 出账 往账 - DR DEBIT OUT 借DR "
    "付出 出金 D借".split()
)
IN = frozenset(
    "进 C 贷 贷方 贷记 收 收方 收款 收入 转入 转进 汇入 流入 存 存款 存入 入 入账 进账 来账 + CR CREDIT IN "
    "贷CR 收进 入金 C贷".split()
)


def direction(text: str) -> str:
    """`out`, `in`, or nothing where the mark is blank or not known: it is never guessed.

    Examples
    --------
    >>> direction("借"), direction("贷 Cr"), direction("−"), direction("出账"), direction("O"), direction("")
    ('out', 'in', 'out', 'out', '', '')

    Several words for the same are one; words that contradict one another are none.

    >>> direction("D:借"), direction("C-贷"), direction("收入(贷)"), direction("贷(D)"), direction("贷-")
    ('out', 'in', 'in', '', '')
    """
    word = re.sub(r"[\s]+", "", unicodedata.normalize("NFKC", text)).upper().replace("帐", "账")
    word = re.sub(r"^[−–—﹣]$", "-", word)
    parts = [part for part in re.split(r"[()\[\]【】<>“”‘’\"':|/、]|(?<=\w)-(?=\w)", word) if part]
    ways = {"out" if part in OUT else "in" if part in IN else "" for part in parts}
    return ways.pop() if len(ways) == 1 else ""


def success(text: str) -> str:
    """`yes`, `no`, or `?` for a word that says neither; blank is yes: banks leave it out.

    Examples
    --------
    >>> success("1"), success(""), success("交易成功"), success("否"), success("不成功"), success("7")
    ('yes', 'yes', 'yes', 'no', 'no', '?')
    """
    word = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()
    if word in ("", "1", "Y", "YES", "是", "S", "T", "TRUE", "正常", "00", "01", "-"):
        return "yes"
    if word in ("0", "N", "NO", "否", "F", "FALSE") or re.search("失败|不成功|未成功|非成功", word):
        return "no"
    return "yes" if "成功" in word else "?"


CURRENCIES: dict[str, tuple[str, ...]] = {
    "CNY": ("人民币", "人民币元", "RMB", "CNY", "156", "01", "001", "元"),
    "USD": ("美元", "美金", "USD", "840", "14", "014"),
    "HKD": ("港币", "港元", "HKD", "344", "13", "013"),
    "EUR": ("欧元", "EUR", "978", "38", "038"),
    "JPY": ("日元", "日币", "JPY", "392", "27", "027"),
    "GBP": ("英镑", "GBP", "826", "12", "012"),
    "AUD": ("澳元", "澳大利亚元", "AUD", "036", "29", "029"),
    "CAD": ("加元", "加拿大元", "CAD", "124", "28", "028"),
    "CHF": ("瑞士法郎", "瑞郎", "CHF", "756", "15", "015"),
    "SGD": ("新加坡元", "新元", "SGD", "702", "18", "018"),
    "MOP": ("澳门元", "澳门币", "MOP", "446", "81"),
    "TWD": ("新台币", "台币", "TWD", "901"),
    "KRW": ("韩元", "KRW", "410", "88"),
    "THB": ("泰铢", "THB", "764"),
    "RUB": ("卢布", "RUB", "643"),
    "NZD": ("新西兰元", "NZD", "554"),
}
_CODES = {word: code for code, words in CURRENCIES.items() for word in words}


def currency(text: str) -> str | None:
    """ISO code of a currency as banks write it; a word not known stays, and is refused at the door."""
    word = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()
    if word in ("", "-", "NULL", "--"):
        return None
    found = _CODES.get(word)
    if found is None:  # 156-人民币, 人民币(CNY)
        parts = [part for part in re.split(r"[-()/:,]", word) if part]
        codes = {_CODES[part] for part in parts if part in _CODES}
        found = codes.pop() if len(codes) == 1 and len(parts) > 1 else None
    return found or text


REVERSAL = r"冲正|冲补抹|抹[账帐]|冲[账帐销]|红冲|红字|反交易|撤销"
REVERSED = r"被冲|已冲|被抹|已抹|已撤|被撤|未冲"
CASH = r"现"
NOT_CASH = r"非现|转"
TAX = r"利息税|扣税|税款|缴税|印花税|所得税"
FEE = r"手续费|年费|月费|工本费|短信费|服务费|管理费|汇划费|挂失费|邮电费|结算费"
INTEREST = r"结息|利息|付息|计息"
OF_THE_BANK = r"银行|利息|税|费|应付|应收|国库|支行|分行|营业部|内部"
FOOTER = (
    r"^[\s*=—-]*(合\s*计|总\s*计|小\s*计|共\s*\d|以上|打印|制表|说明|注[:：]|备注[:：]|第\s*\d+\s*页|页码|"
    r"查询结束|本页|\*{3,}|-{3,}|={3,})"
)
PERIOD = r"起止|起始|截止|期间|时间段|日期范围|查询区间|查询时间|查询日期|至|~"
