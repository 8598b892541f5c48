"""The command line: one function a verb, one parser, one place where errors become messages and exit codes.

Nothing heavy is imported before the verb that needs it runs.
"""

from __future__ import annotations

import argparse
import gettext
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from graphflow.errors import GraphflowError, InputError, Problem, UsageError
from graphflow.language import DOMAIN, LANGUAGES, LOCALE, N_, closest, describe, translate
from graphflow.law import law_on
from graphflow.pictures.words import percent
from graphflow.terminal import FORMATS, Progress, folded
from graphflow.version import VERSION

DONE, DIFFERS, QUARANTINED, BAD, DEFECT, INTERRUPTED, PIPE_CLOSED = 0, 1, 3, 4, 70, 130, 141

Arguments = argparse.Namespace


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code.

    Examples
    --------
    >>> run(["info", "no/such/case"])
    4
    """
    given = list(sys.argv[1:] if argv is None else argv)
    language = _language(given)
    names: dict[str, str] = {}
    try:
        parser = _parser(language)
        arguments = parser.parse_args(given)
        names = arguments.names = _options(parser, arguments.verb, language)
        arguments.asked, arguments.language = arguments.language, language
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):  # a name that the terminal cannot show must not end the run
                told = {"encoding": "utf-8"} if getattr(arguments, "format", "") in ("json", "csv") else {}
                stream.reconfigure(errors="backslashreplace", **told)
        code = VERBS[arguments.verb](arguments)
        sys.stdout.flush()
        return code
    except SystemExit as leave:  # argparse: help, version, a wrong argument
        return leave.code if isinstance(leave.code, int) else DONE
    except BrokenPipeError:
        _close_pipe()
        return PIPE_CLOSED
    except KeyboardInterrupt:
        print(translate("interrupted", language), file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        return _report(error, given, language, names)


# What is asked about, as the usage names it, where an error complains of it.
_ASKED = (N_("COMPANY"), N_("OTHER"), N_("OWNER"), N_("PARTY"), N_("PRODUCT"))


def _options(parser: argparse.ArgumentParser, verb: str, language: str) -> dict[str, str]:
    """What arguments of our functions are called on the command line."""
    verbs = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    found = {
        action.dest: action.option_strings[-1]
        if action.option_strings
        else translate(str(action.metavar), language)
        if action.metavar in _ASKED
        else str(action.metavar)
        for action in verbs.choices[verb]._actions
    }
    found |= {"transfer": found.get("explain", "transfer")}
    found |= {"rule": found.get("rule", found.get("rollover", "rule")), "one": found.get("party", "one")}
    return found | {"reference": found.get("start", "reference"), "since, until": "--since, --until"}


def _report(error: Exception, given: list[str], language: str, names: Mapping[str, str]) -> int:
    """Say what went wrong, never as a traceback unless it was asked for."""
    if "--debug" in given:
        import traceback

        traceback.print_exc()
    if isinstance(error, GraphflowError) and error.exit_code != DEFECT:
        print(describe(error, language, names), file=sys.stderr)
        return error.exit_code
    if isinstance(error, OSError):
        from graphflow.folder import cannot_write, is_full

        if is_full(error):
            if error.filename is None:  # every file of ours has its name in the error
                said = translate("the disk is full: what was printed is not whole", language)
            else:
                said = describe(cannot_write(error.filename, error), language)
            print(said, file=sys.stderr)
            return BAD
        if error.filename is not None:
            print(f"{error.filename}: {error.strerror}", file=sys.stderr)
            return BAD
    if isinstance(error, RuntimeError) and str(error).startswith("cannot cache function"):
        print(describe(_homeless(), language), file=sys.stderr)
        return BAD
    if isinstance(error, MemoryError):
        print(translate("there is not enough memory for this", language), file=sys.stderr)
        return 4
    print(
        translate("This is a defect of graphflow {version}, not of your data.", language, version=VERSION),
        file=sys.stderr,
    )
    print(describe(error, language), file=sys.stderr)
    print(
        translate("What is needed to find it is in {file}", language, file=_log(error, given)),
        file=sys.stderr,
    )
    return DEFECT


def _homeless() -> GraphflowError:
    """What numba says of a user without a home, in words that help."""
    return InputError(
        Problem(
            "NUMBA_CACHE_DIR",
            N_("what is compiled can be kept nowhere: this user has no home and may not write where we are"),
            expected=N_("a folder that this user may write, such as NUMBA_CACHE_DIR=/var/cache/graphflow"),
        )
    )


def _log(error: Exception, given: list[str]) -> str:
    """Write down a defect; the file's name."""
    import platform
    import tempfile
    import traceback

    with tempfile.NamedTemporaryFile(
        "w",
        prefix="graphflow-defect-",
        suffix=".log",
        delete=False,
        encoding="utf-8",
        errors="backslashreplace",
    ) as file:
        file.write(f"graphflow {VERSION}, Python {platform.python_version()}, {platform.platform()}\n")
        file.write(f"arguments: {given!r}\n\n")
        file.write("".join(traceback.format_exception(error)))
        return file.name


def _close_pipe() -> None:
    """The reader of our output has left: say nothing more, not even while Python shuts down."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        pass


def _language(given: Sequence[str]) -> str:
    """The language asked for, else the environment's: needed before the arguments can be read."""
    for i, word in enumerate(given):
        asked = (
            word[11:] if word.startswith("--language=") else given[i + 1] if word == "--language" else None
        )
        if asked in LANGUAGES:
            return str(asked)
        if word == "--":
            break
    names = ("LC_ALL", "LC_MESSAGES", "LANG")
    return closest(next((os.environ[name] for name in names if os.environ.get(name)), None))


# ---------------------------------------------------------------- the parser


class _Parser(argparse.ArgumentParser):
    """A parser that does not guess at shortened options: a script that relied on one would break later."""

    def __init__(self, **options: object) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_Help, **options)  # type: ignore[arg-type]


class _Help(argparse.HelpFormatter):
    """Help whose lines fit where Chinese characters take two columns, and never break inside a word."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return folded(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in folded(text, width - len(indent)))


def _at_least(least: int, language: str, most: int | None = None) -> Callable[[str], int]:
    """Reads a whole number, and says what it wants where it gets something else."""

    def read(text: str) -> int:
        said = {"text": repr(text), "least": least, "most": most}
        whole = text.isascii() and text.isdigit()
        if not whole or int(text) < least:
            wanted = N_("{text} is not a whole number of at least {least}")
            raise argparse.ArgumentTypeError(translate(wanted, language, **said))
        if most is not None and int(text) > most:
            raise argparse.ArgumentTypeError(translate(N_("{text} is more than {most}"), language, **said))
        return int(text)

    return read


def _parser(language: str) -> argparse.ArgumentParser:
    # argparse says its own words through gettext's domain of the program, in the language of the environment.
    os.environ["LANGUAGE"] = language
    gettext.bindtextdomain(DOMAIN, str(LOCALE))
    gettext.textdomain(DOMAIN)

    def say(text: str, **values: object) -> str:
        return translate(text, language, **values).replace("%", "%%")

    def anywhere(**given: object) -> _Parser:
        """What stands before the verb or after it; after it, unsaid, it must not undo what stood before."""
        options = _Parser(add_help=False, **given)
        options.add_argument("--language", choices=LANGUAGES, help=say("of messages and tables"))
        options.add_argument(
            "--debug", action="store_true", help=say("show where in the program an error arose")
        )
        return options

    always = anywhere(argument_default=argparse.SUPPRESS)
    prints = _Parser(add_help=False)
    prints.add_argument("--format", choices=FORMATS, default="table", help=say("how results are printed"))

    parser = _Parser(
        prog="graphflow",
        parents=[anywhere()],
        description=say("Traces money through accounts, exactly, in time order."),
        epilog=say(
            "Exit codes: 0 done; 1 verify found a difference; 2 wrong usage; 3 done, with rows in "
            "quarantine; 4 bad input; 70 a defect of ours; 75 busy, try again."
        ),
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"graphflow {VERSION}",
        help=say("show program's version number and exit"),
    )
    verbs = parser.add_subparsers(dest="verb", metavar=say("VERB"), required=True)

    def verb(name: str, text: str, *parents: _Parser) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=say(text), description=say(text), parents=[*parents, always])

    p = verb("import", N_("Read sources into a case: recognise, map, check, store."), prints)
    p.add_argument("sources", nargs="+", metavar="SOURCE", help=say("a file or a folder"))
    p.add_argument(
        "--case", required=True, metavar="DIR", help=say("the case's folder; made if it is not there")
    )
    p.add_argument(
        "--loader", metavar="NAME", help=say("read the sources as this format, whatever they look like")
    )
    p.add_argument("--currency", metavar="C", help=say("of rows that name none; CNY where nobody says"))
    p.add_argument("--timezone", metavar="Z", help=say("of times without an offset, such as Asia/Shanghai"))
    p.add_argument("--authority", metavar="TEXT", help=say("who gave the sources"))
    p.add_argument("--basis", metavar="TEXT", help=say("the legal basis on which they were given"))
    p.add_argument("--strict", action="store_true", help=say("a bad row is an error, and nothing is stored"))
    p.add_argument(
        "--replace",
        action="store_true",
        help=say("read files that the case has anew, in place of what they gave before"),
    )

    p = verb("info", N_("What is in a case, how good it is, and which statements to ask for."), prints)
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument(
        "--verify",
        action="store_true",
        help=say("first compare every byte of the case with what was written; else only what is small"),
    )

    def of_money(p: argparse.ArgumentParser) -> None:
        """What both verbs that trace money are asked."""
        p.add_argument(
            "--from",
            dest="start",
            required=True,
            metavar="REF[,REF...]",
            help=say(REFERENCES),
        )
        p.add_argument("--currency", metavar="C", help=say("of the money, where it could be several"))
        p.add_argument("--since", metavar="T", help=say("from this time on, inclusive"))
        p.add_argument("--until", metavar="T", help=say("up to this time, inclusive"))
        p.add_argument(
            "--overdraft",
            choices=OVERDRAFTS,
            default=OVERDRAFTS[0],
            help=say(
                "whose the money is that repays an overdraft: its lender's, or what the overdraft paid for"
            ),
        )
        p.add_argument(
            "--cash-gaps",
            action="store_true",
            help=say("join cash taken out with what was paid in again that day: an inference"),
        )

    p = verb("trace", N_("Where money went, or came from: transfers, ends and chains."), prints)
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    of_money(p)
    p.add_argument("--backward", action="store_true", help=say("where it came from"))
    which = p.add_mutually_exclusive_group()
    which.add_argument(
        "--rule", choices=RULES, default=RULES[0], help=say("which money leaves a mixed account first")
    )
    which.add_argument(
        "--all-rules", action="store_true", help=say("every rule beside the others, and what all allow")
    )
    p.add_argument(
        "--max-hops",
        type=_at_least(0, language),
        metavar="N",
        help=say("transfers after the seed; the rest ends as horizon"),
    )
    p.add_argument(
        "--min-amount", default="0", metavar="X", help=say("of a chain, in whole units such as 100.50")
    )
    p.add_argument(
        "--by", choices=VIEWS, default=VIEWS[0], help=say("party: what stays inside one party is no hop")
    )
    p.add_argument(
        "--envelope", action="store_true", help=say("the least and the greatest of each end under any rule")
    )
    p.add_argument(
        "--top",
        type=_at_least(1, language),
        metavar="N",
        help=say("only the largest chains; the rest is counted"),
    )
    p.add_argument("--order", choices=ORDERS, help=say("of chains; else the greatest amount first"))
    p.add_argument("--explain", metavar="TRANSFER", help=say("say why this transfer carries that much"))
    p.add_argument(
        "--part", choices=PARTS, default="ends", help=say("which table is printed as CSV, with --format csv")
    )
    p.add_argument(
        "--html", metavar="FILE", help=say("also write a page with the picture and the tables, of one rule")
    )

    def of_party(name: str, text: str, *places: str, everybody: str = "") -> argparse.ArgumentParser:
        """A verb that asks about parties of a case, at a date; or of all of them at once."""
        p = verb(name, text, prints)
        p.add_argument("case", metavar="CASE", help=say("the case's folder"))
        for place in places:
            p.add_argument(
                place.lower(),
                metavar=place,
                nargs="?" if everybody else None,
                help=say("a party's id, or a name that only one has"),
            )
        if everybody:
            p.add_argument("--everybody", action="store_true", help=say(everybody))
        p.add_argument(
            "--as-of", metavar="D", help=say("at this date; else at the last moment that the case knows of")
        )
        return p

    p = of_party(
        "owners", N_("Who owns a company in the end, and how much of it."), "COMPANY",
        everybody=N_("of all companies, who has the share that --least says"),
    )  # fmt: skip
    p.add_argument(
        "--least", type=float, metavar="X", help=say("with --everybody: a part of one; else 0.25, a quarter")
    )
    p.add_argument("--between", action="store_true", help=say("also the companies between"))
    p.add_argument(
        "--normalise",
        action="store_true",
        help=say("where stakes are more than the whole, take their sum for the whole"),
    )
    (block,) = (row for row in law_on("control", None) if row["rule"] == "de_facto")
    thumb = say(DE_FACTO, share=percent(float(block["threshold"]), 0), times=block["times"])
    p = of_party(
        "controls", N_("Whom a party controls, and what brought each under control."), "PARTY",
        everybody=N_("of all parties, whom each controls"),
    )  # fmt: skip
    p.add_argument("--de-facto", action="store_true", help=thumb)
    p = of_party("controllers", N_("Who controls a party."), "PARTY")
    p.add_argument("--de-facto", action="store_true", help=thumb)
    p = of_party("beneficial-owners", N_("The persons whom a regime looks for behind a company."), "COMPANY")
    p.add_argument("--regime", default="CN", metavar="R", help=say("CN, CN-CDD, FATF, EU, UK or US"))
    of_party(
        "related", N_("Whether two parties are related: yes, no or disputed, and why."), "PARTY", "OTHER"
    )
    p = of_party(
        "weakest-link",
        N_("The chains of stakes between two parties, each with its thinnest."),
        "OWNER",
        "COMPANY",
    )
    p.add_argument("--top", type=_at_least(1, language), default=20, metavar="N", help=say("how many chains"))
    of_party("power", N_("How often each block of votes decides in a company."), "COMPANY")

    p = verb(
        "products", N_("The products of a case; or one looked through: layers, investors, assets."), prints
    )
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument(
        "product", nargs="?", metavar="PRODUCT", help=say("its id or name; without one, the list of them")
    )
    p.add_argument(
        "--as-of", metavar="D", help=say("at this date; else at the last moment that the case knows of")
    )
    p.add_argument(
        "--part",
        choices=PRODUCT_PARTS,
        default=PRODUCT_PARTS[0],
        help=say("which table is printed as CSV, with --format csv"),
    )
    p.add_argument(
        "--rollover",
        nargs="?",
        const="fifo",
        metavar="RULE",
        help=say(
            "trace its redemptions backward: what part was the money of new subscriptions (default fifo)"
        ),
    )
    p.add_argument(
        "--since",
        metavar="T",
        help=say("with --rollover: redemptions, and what paid them, from this time on"),
    )
    p.add_argument("--until", metavar="T", help=say("with --rollover: redemptions up to this time"))
    p.add_argument("--currency", metavar="C", help=say("with --rollover: where redemptions are in several"))
    p.add_argument(
        "--register",
        action="store_true",
        help=say("compare the register of products with what payments, subscriptions and holdings show"),
    )
    p.add_argument("--by", choices=PRODUCT_GROUPS, help=say("the register, summed by this"))

    p = verb(
        "penetrate",
        N_("With whom traced money stands: looked through products, companies and control."),
        prints,
    )
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    of_money(p)
    p.add_argument(
        "--rule", choices=RULES[:-1], default=RULES[0], help=say("which money leaves a mixed account first")
    )
    p.add_argument(
        "--controlled-by",
        metavar="PARTY",
        help=say(
            "how much stands with this party and those it controls: its id, or a name that only one has"
        ),
    )
    p.add_argument(
        "--as-of", metavar="D", help=say("at this date; else at the last moment that the case knows of")
    )
    p.add_argument(
        "--holdings",
        choices=HOLDINGS,
        default=HOLDINGS[0],
        help=say(
            "when money in a product's account is looked through by what the product holds: where its "
            "statement is missing, always, or never"
        ),
    )
    p.add_argument(
        "--top",
        type=_at_least(1, language),
        metavar="N",
        help=say("only the largest chains; the rest is counted"),
    )
    p.add_argument("--html", metavar="FILE", help=say("also write a page with the picture and the tables"))

    p = verb("check", N_("Which red lines a case shows: leads with rows, law and counter-evidence."), prints)
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument("--only", metavar="RL-01[,...]", help=say("only these red lines"))
    p.add_argument(
        "--as-of", metavar="D", help=say("as known on this day, by the law of that day; else everything")
    )
    p.add_argument(
        "--law",
        metavar="FILE",
        help=say("thresholds in the place of ours: CSV with the columns code, name and value"),
    )
    p.add_argument(
        "--report", action="store_true", help=say("each finding as a paragraph that can stand in a report")
    )
    p.add_argument("--rows", action="store_true", help=say("also the rows that each finding rests on"))

    p = verb(
        "patterns", N_("Laundering patterns: every one within its window, the most unusual first."), prints
    )
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument(
        "--only",
        metavar="NAME[,...]",
        help=say("only these: {names}", names=", ".join(PATTERN_NAMES)),
    )
    p.add_argument(
        "--window", metavar="T", help=say("within which time: 20D days, 36h hours; else each its own")
    )
    p.add_argument(
        "--least",
        type=_at_least(1, language),
        metavar="N",
        help=say("how many transfers or holders make a pattern; else each its own"),
    )
    p.add_argument(
        "--permille",
        type=_at_least(0, language),
        metavar="N",
        help=say("by how many thousandths an amount that goes on may differ; else each its own"),
    )
    p.add_argument(
        "--most",
        type=_at_least(2, language),
        default=10,
        metavar="N",
        help=say("the most transfers of a cycle"),
    )
    p.add_argument(
        "--budget",
        type=_at_least(1, language),
        default=1_000_000,
        metavar="N",
        help=say("steps or pairs tried for one transfer or holder; where it does not do, that is said"),
    )
    p.add_argument(
        "--by",
        choices=HOLDERS,
        default=HOLDERS[0],
        help=say("party: its accounts are one holder; account: each is one"),
    )
    p.add_argument("--as-of", metavar="D", help=say("as known on this day; else everything"))
    p.add_argument(
        "--top",
        type=_at_least(1, language),
        metavar="N",
        help=say("of each kind only the first; the rest is counted"),
    )

    p = verb(
        "amounts",
        N_("What a party raised: each amount with its definition, beside the law's numbers."),
        prints,
    )
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument("party", metavar="PARTY", help=say("a party's id, or a name that only one has"))
    p.add_argument(
        "--as-of", metavar="D", help=say("as known on this day, by the law of that day; else everything")
    )
    p.add_argument("--currency", metavar="C", help=say("which of the case's currencies; else its own"))
    p.add_argument(
        "--part",
        choices=AMOUNT_PARTS,
        default=AMOUNT_PARTS[0],
        help=say("which table is printed as CSV, with --format csv"),
    )

    p = verb("classes", N_("The class of each party by the plan's six, and by three of platforms."), prints)
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument(
        "--as-of", metavar="D", help=say("as known on this day, by the law of that day; else everything")
    )

    p = verb("export", N_("Write a case in another format."), prints)
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument(
        "--to",
        required=True,
        metavar="FILE",
        help=say("NAME.bods.json: ownership, as Beneficial Ownership Data Standard 0.4"),
    )
    p.add_argument(
        "--as-of", metavar="D", help=say("at this date; else at the last moment that the case knows of")
    )
    p.add_argument(
        "--regime",
        metavar="R",
        help=say("mark the beneficial owners of this regime: CN, CN-CDD, FATF, EU, UK or US"),
    )

    p = verb(
        "score", N_("The nightly run: take in what is new, ask everything, score everybody, compare."), prints
    )
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument("--as-of", required=True, metavar="D", help=say("the day of the night"))
    p.add_argument("--out", required=True, metavar="DIR", help=say("the folder of the nights' results"))
    p.add_argument("--inbox", metavar="DIR", help=say("what is new in this folder is imported first"))
    p.add_argument(
        "--law",
        metavar="FILE",
        help=say("thresholds in the place of ours: CSV with the columns code, name and value"),
    )
    p.add_argument(
        "--parameters",
        metavar="FILE",
        help=say("parameters of scores in the place of ours: CSV with the columns kind, name and value"),
    )
    p.add_argument(
        "--keep",
        type=_at_least(1, language),
        default=30,
        metavar="N",
        help=say("nights that are kept; of those before, the last of each month"),
    )
    p.add_argument(
        "--tell",
        action="append",
        default=[],
        metavar="URL",
        help=say("who is told who rose to a higher level: https://… or mailto:…; may be given again"),
    )

    p = verb("decide", N_("Keep a person's decision on a finding, with its reason, in the case."), prints)
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument("finding", metavar="FINDING", help=say("the finding's id, as `check` prints it"))
    p.add_argument("verdict", choices=VERDICTS, metavar="VERDICT", help=say("confirm, dismiss or reopen"))
    p.add_argument("--reason", required=True, metavar="TEXT", help=say("why, in words"))
    p.add_argument("--by", metavar="NAME", help=say("who decides; else the user that runs this"))
    p.add_argument("--as-of", metavar="D", help=say("the day of which the finding was asked"))

    p = verb(
        "dry-run",
        N_("What changed thresholds would have done on the last nights; nothing is written."),
        prints,
    )
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument(
        "--law",
        required=True,
        metavar="FILE",
        help=say("the changed thresholds: CSV with the columns code, name and value"),
    )
    p.add_argument(
        "--nights",
        metavar="DIR",
        help=say("the folder of the nights' results; else one day, beside our thresholds"),
    )
    p.add_argument(
        "--last", type=_at_least(1, language), default=5, metavar="N", help=say("how many of the last nights")
    )
    p.add_argument("--as-of", metavar="D", help=say("without nights: as known on this day; else everything"))
    p.add_argument(
        "--base-rate",
        metavar="X",
        help=say("what part of the findings in question is true, such as 0.2: for the PPV"),
    )

    p = verb(
        "learn",
        N_("Learn a ranking from decisions or labels, to stand beside the rules; needs the extra `learn`."),
        prints,
    )
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument("--out", required=True, metavar="FILE", help=say("the file to write"))
    p.add_argument(
        "--labels",
        metavar="FILE",
        help=say(
            "CSV with account_id or party_id, label (1 and 0, or confirm and dismiss) and time; else the "
            "decisions in the case's log"
        ),
    )
    p.add_argument(
        "--by", choices=VIEWS, default=None, help=say("whom it ranks; else as the labels say, or parties")
    )
    p.add_argument(
        "--with-rules",
        action="store_true",
        help=say("look also at what red lines and patterns say of each day, decisions left out: slow"),
    )
    p.add_argument(
        "--most-days",
        type=_at_least(2, language),
        default=60,
        metavar="N",
        help=say("days on which everybody is looked at; a label between two is looked at on the earlier"),
    )
    p.add_argument(
        "--base-rate", metavar="X", help=say("what part of all is guilty, such as 0.001: for the PPV")
    )

    p = verb(
        "rank", N_("Rank everybody by what was learned, with reasons, beside the score by rules."), prints
    )
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument("--model", required=True, metavar="FILE", help=say("what `learn` wrote"))
    p.add_argument("--as-of", metavar="D", help=say("as known on this day; else everything"))
    p.add_argument(
        "--base-rate", metavar="X", help=say("what part of all is guilty, such as 0.001: for the PPV")
    )
    p.add_argument(
        "--nights",
        metavar="DIR",
        help=say("take the scores by rules from the night of this day there; needs --as-of"),
    )
    p.add_argument(
        "--top",
        type=_at_least(1, language),
        metavar="N",
        help=say("only the first N; the rest is counted"),
    )

    p = verb("pack", N_("Write findings, with all that it takes to compute them again, to one file."), prints)
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument(
        "findings", nargs="+", metavar="FINDING", help=say("ids of findings, as `check` prints them")
    )
    p.add_argument("--out", required=True, metavar="FILE.zip", help=say("the file to write"))
    p.add_argument("--as-of", metavar="D", help=say("the day of which the findings were asked"))
    p.add_argument("--key", metavar="FILE", help=say("an Ed25519 private key (PEM) to sign with"))
    p.add_argument("--by", metavar="NAME", help=say("who packs; else the user that runs this"))

    p = verb(
        "dossier", N_("Dossiers (一户一档): a page a party of everything that the case says of it."), prints
    )
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument("parties", nargs="*", metavar="PARTY", help=say("ids or names of parties; else --top"))
    p.add_argument("--out", required=True, metavar="DIR", help=say("the folder to write them to"))
    p.add_argument(
        "--top",
        type=_at_least(1, language),
        metavar="N",
        help=say("also the N parties with the highest scores"),
    )
    p.add_argument(
        "--as-of", metavar="D", help=say("as known on this day, by the law of that day; else everything")
    )
    p.add_argument("--nights", metavar="DIR", help=say("the folder of the nights' results, for the history"))
    p.add_argument("--form", choices=("html", "pdf", "both"), default="html", help=say("of each page"))
    p.add_argument(
        "--in", dest="languages", choices=("en", "zh", "both"), default=None,
        help=say("the language of the pages; else that of this run"),
    )  # fmt: skip

    p = verb(
        "roll-up",
        N_("What was found by region or authority, and unlicensed payment with who carries it."),
        prints,
    )
    p.add_argument("case", metavar="CASE", help=say("the case's folder"))
    p.add_argument(
        "--by", choices=ROLL_UPS, default=ROLL_UPS[0], help=say("what findings are put together by")
    )
    p.add_argument(
        "--as-of", metavar="D", help=say("as known on this day, by the law of that day; else everything")
    )

    p = verb("verify", N_("Check an evidence pack: every byte, and every figure computed again."), prints)
    p.add_argument("pack", metavar="FILE.zip", help=say("the pack"))
    p.add_argument("--all", action="store_true", help=say("also every line that agrees"))

    p = verb("synth", N_("Generate a case with its truth."), prints)
    p.add_argument(
        "name",
        metavar="NAME",
        help=say(
            "p2p: a lending platform; ledger: a plain one for measuring; guoying, zhouhui, ezubao, xuesong, "
            "zhongzhi, ftx, synapse: real affairs with honest firms around them; "
            "t1, …: examples of the manual"
        ),
    )
    p.add_argument("--out", required=True, metavar="DIR", help=say("where to put it"))
    p.add_argument("--size", type=_at_least(1, language), metavar="N", help=say("about how many transfers"))
    p.add_argument("--seed", type=int, default=0, metavar="S", help=say("the same seed gives the same case"))
    p.add_argument(
        "--as", dest="style", choices=("tables", "statements"), default="tables", help=say("how to write it")
    )

    p = verb("demo", N_("Everything once, on a generated case: generate, import, trace, show."))
    p.add_argument("--out", default="graphflow-demo", metavar="DIR", help=say("where to put it"))
    p.add_argument("--size", type=_at_least(1, language), metavar="N", help=say("about how many transfers"))

    p = verb("manual", N_("The manual: how every figure is computed, with examples worked by hand."), prints)
    p.add_argument("page", nargs="?", metavar="PAGE", help=say("which page; without one, the list of them"))

    p = verb("app", N_("Open the app in a browser; it listens on this machine only."))
    p.add_argument("case", nargs="?", metavar="CASE", help=say("the case's folder"))
    p.add_argument(
        "--port",
        type=_at_least(1, language, 65535),
        metavar="N",
        help=say("where to listen; else the first free from 8501 on"),
    )
    p.add_argument("--no-browser", action="store_true", help=say("only say the address"))

    verb("warm", N_("Compile everything once, so that later commands start at once."))
    return parser


REFERENCES = N_(
    "transfer:ID, account:ID, balance:ID@TIME, party:ID, product:ID, loan:ID, each also with =AMOUNT"
)
DE_FACTO = N_(
    "also by the greatest block of votes, from {share} on and {times} times the next: a rule of thumb"
)

# The same lists as in graphflow.tracing, which is slow to import: a test compares them.
RULES = ("fifo", "lifo", "prorata", "libr", "poison")
VIEWS = ("account", "party")
OVERDRAFTS = ("lender", "coordinated")
ORDERS = ("amount", "hops", "speed", "found")
HOLDINGS = ("frontier", "always", "never")
PRODUCT_PARTS = (
    "assets", "investors", "borrowers", "layers", "ladder", "overdue", "leverage", "fees", "related_shares",
    "restricted_shares", "related_assets", "restricted_assets", "matrix",
)  # fmt: skip
AMOUNT_PARTS = ("amounts", "investors", "tiers")
PRODUCT_GROUPS = ("issuer", "project", "layer", "region")
PATTERN_NAMES = (
    "cycle", "fan_in", "fan_out", "gather_scatter", "scatter_gather", "pass_through", "stack", "bipartite",
    "structuring",
)  # fmt: skip
HOLDERS = ("party", "account")
ROLL_UPS = ("region_registered", "region_operating", "authority")
VERDICTS = ("confirm", "dismiss", "reopen")
PARTS = ("ends", "chains", "routes", "transfers", "envelope", "assumptions", "misuse")


# ---------------------------------------------------------------- the verbs


def _import(a: Arguments) -> int:
    from graphflow.cli.showing import show_import
    from graphflow.intake import import_sources

    with Progress(a.language) as progress, progress.compiling():
        progress(N_("reading"))
        report = import_sources(
            a.case,
            a.sources,
            loader=a.loader,
            currency=a.currency,
            timezone=a.timezone,
            authority=a.authority,
            basis=a.basis,
            strict=a.strict,
            replace=a.replace,
            progress=progress,
        )
    show_import(report, a.format, a.language)
    return QUARANTINED if report.quarantined else DONE


def _info(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.info import show_info

    with Progress(a.language) as progress, progress.compiling():
        progress(N_("reading"))
        case = open_case(a.case)
        if a.verify:
            progress(N_("comparing the case with what was written"))
            files, size = case.verify()
        show_info(case, a.format, a.language)
    if a.verify:
        text = N_("{files} files of {size} bytes are as they were written")
        print(translate(text, a.language, files=f"{files:,}", size=f"{size:,}"), file=sys.stderr)
    return DONE


def _trace(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.comparison import show_comparison
    from graphflow.cli.showing import Extras, show_explained, show_trace, trace_page
    from graphflow.folder import write_aside
    from graphflow.tracing import trace
    from graphflow.tracing.comparing import ask_all, set_beside

    _refuse_together(a)
    asked = {
        "backward": a.backward,
        "currency": a.currency,
        "since": a.since,
        "until": a.until,
        "max_hops": a.max_hops,
        "min_amount": a.min_amount,
        "by": a.by,
        "overdraft": a.overdraft,
        "cash_gaps": a.cash_gaps,
    }
    with Progress(a.language) as progress, progress.compiling():
        progress(N_("tracing"))
        case = open_case(a.case)
        if a.all_rules:
            answers, errors = ask_all(case, a.start, RULES, **asked)
            progress(N_("computing what any rule allows"))
            frame = set_beside(answers, errors, RULES)
            each = a.envelope and a.format == "json"  # beside one another they have one
            first = next(iter(answers))
            more = {
                name: Extras.of(t, envelope=each, openings=name == first and a.format == "table")
                for name, t in answers.items()
            }
        else:
            found = trace(case, a.start, rule=a.rule, **asked)
            if a.explain is not None:
                told = found.explain(a.explain, a.language)
            else:
                progress(N_("computing what any rule allows") if a.envelope else N_("tracing"))
                wanted = a.envelope or a.part == "envelope"
                people = a.format == "table" or bool(a.html)
                extras = Extras.of(found, envelope=wanted, openings=people)
            if a.html:
                progress(N_("drawing"))
                page = trace_page(case, found, a.start, a.language, extras)
                write_aside(Path(a.html), page.encode())
    if a.html:
        print(translate(N_("written: {file}"), a.language, file=a.html), file=sys.stderr)
    if a.all_rules:
        said = {
            name: "; ".join(translate(x.what, a.language, **x.values) for x in error.problems)
            for name, error in errors.items()
        }
        show_comparison(case, answers, more, said, frame, a)
    elif a.explain is not None:
        show_explained(a.explain, told, a.format)
    else:
        show_trace(
            case, found, a.start, a.format, a.language, part=a.part, top=a.top, order=a.order, extras=extras
        )
    return DONE


def _refuse_together(a: Arguments) -> None:
    """Complain of all that does not go together at once, before the work."""
    other = N_("{one} does not go together with {other}")
    clashes = [
        ("--explain", "--all-rules", a.explain is not None and a.all_rules),
        ("--explain", "--html", a.explain is not None and bool(a.html)),
        ("--explain", "--envelope", a.explain is not None and a.envelope),
        ("--html", "--all-rules", bool(a.html) and a.all_rules),
        ("--part", "--all-rules", a.part != PARTS[0] and a.all_rules),
        ("--part", f"--format {a.format}", a.part != PARTS[0] and a.format != "csv"),
    ]
    problems = [Problem(one, other, {"one": one, "other": two}) for one, two, wrong in clashes if wrong]
    if a.rule == "poison" and not a.all_rules:
        nothing = N_("poison attributes nothing: it has no chains")
        named = {"--part": a.part in ("chains", "routes"), "--order": a.order}
        problems += [
            Problem(option, nothing, {}, option, ", ".join(RULES[:-1]))
            for option, wrong in named.items() if wrong
        ]  # fmt: skip
    if a.html and (wrong_file := _unwritable(Path(a.html))):
        problems.append(wrong_file)
    if problems:
        raise UsageError(*problems)


def _unwritable(file: Path) -> Problem | None:
    """What is wrong with a file to be written, before the work rather than after it."""
    from graphflow.folder import must_be_a_file

    try:
        must_be_a_file("--html", file)
    except UsageError as error:
        return error.problems[0]
    return None


def _ownership(a: Arguments) -> int:
    """Every verb that asks about parties: the function of its name, and what it prints."""
    from graphflow import ownership
    from graphflow.case import open_case
    from graphflow.cli.owning import show_frames, show_related
    from graphflow.ownership.stakes import stakes_of

    everybody = _asks_everybody(a)
    with Progress(a.language) as progress, progress.compiling():
        progress(N_("looking through the owners"))
        case = open_case(a.case)
        places = [name for name in ("owner", "company", "party", "other") if getattr(a, name, None)]
        given = [getattr(a, name) for name in places]
        options = ["normalise", "de_facto", "regime"]
        options += (["least"] if a.verb == "owners" else []) if everybody else ["between"]
        more = {name: getattr(a, name) for name in options if hasattr(a, name)}
        if "least" in more:
            more["least"] = 0.25 if a.least is None else a.least
        if hasattr(a, "top"):
            more["most"] = a.top
        if a.verb in ("related", "beneficial-owners"):
            more["language"] = a.language
        of_all = {"owners": "greatest_owners", "controls": "all_controls"}
        asked = of_all[a.verb] if everybody else a.verb.replace("-", "_")
        answer = getattr(ownership, asked)(case, *given, as_of=a.as_of, **more)
        facts = [*zip(places, given, strict=True), ("as_of", stakes_of(case, a.as_of).said_at or None)]
        facts += [("least", more["least"])] if "least" in more else []
        facts += [("regime", a.regime)] if hasattr(a, "regime") else []
        if a.format == "table" and a.as_of is None and a.verb in ("related", "beneficial-owners"):
            facts.append(("law", translate(N_("as it was last; of a day: --as-of"), a.language)))
    if a.verb == "related":
        show_related(case, answer, facts, a.format, a.language)
    else:
        show_frames(case, facts, {a.verb: answer}, a.format, a.language)
    return DONE


def _asks_everybody(a: Arguments) -> bool:
    """Whether a question is about all parties at once; complains where it is not clear who it is about."""
    if not hasattr(a, "everybody"):
        return False
    place = "company" if a.verb == "owners" else "party"
    other = N_("{one} does not go together with {other}")
    clashes = [
        ("--everybody", place.upper(), a.everybody and getattr(a, place) is not None),
        ("--everybody", "--between", a.everybody and getattr(a, "between", False)),
    ]
    problems = [Problem(one, other, {"one": one, "other": two}) for one, two, wrong in clashes if wrong]
    if not a.everybody and getattr(a, place) is None:
        problems.append(Problem(place, N_("nobody is named to ask about; --everybody asks about all")))
    if not a.everybody and getattr(a, "least", None) is not None:
        problems.append(Problem("--least", N_("only with {other}"), {"other": "--everybody"}))
    if problems:
        raise UsageError(*problems)
    return bool(a.everybody)


def _products(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli import products as showing
    from graphflow.products import list_products, look_through, register

    registered = a.register or a.by is not None
    if registered and a.product is not None:
        raise UsageError(
            Problem("register", N_("the register is of all products: leave out the one"), {}, a.product)
        )
    if a.rollover is not None and a.product is None:
        what = N_("name the product whose redemptions are to be traced")
        swallowed = (
            a.rollover not in RULES
        )  # the product that stands behind the option was taken for its rule
        example = f"products {a.case} {a.rollover} --rollover" if swallowed else ""
        raise UsageError(Problem("rollover", what, {}, a.rollover if swallowed else "", example))
    only = N_("only with {other}")
    lonely = [name for name in ("since", "until", "currency") if getattr(a, name) and a.rollover is None]
    if lonely:
        raise UsageError(*(Problem(f"--{name}", only, {"other": "--rollover"}) for name in lonely))
    with Progress(a.language) as progress, progress.compiling():
        progress(N_("looking through the products"))
        case = open_case(a.case)
        if registered:
            said = register(case, a.as_of)
            frames = {"by": said.by(a.by)} if a.by else {"products": said.products, "gaps": said.gaps}
        elif a.product is None:
            rows = list_products(case, a.as_of)
        else:
            found = look_through(case, a.product, a.as_of)
            if a.rollover is not None:
                rolled = found.realised_rollover(
                    a.rollover, currency=a.currency, since=a.since, until=a.until
                )
            else:
                for part in showing.asked(a.format, a.part):
                    getattr(found, part)
    if registered:
        showing.show_register(case, frames, a.format, a.language)
    elif a.product is None:
        showing.show_products(case, rows, a.format, a.language)
    elif a.rollover is not None:
        showing.show_rollover(case, rolled, a.format, a.language)
    else:
        showing.show_product(case, found, a.format, a.language, a.part)
    return DONE


def _penetrate(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.penetration import penetration_page, show_penetration
    from graphflow.folder import write_aside
    from graphflow.penetration import penetrate
    from graphflow.tracing import trace

    if a.html and (wrong_file := _unwritable(Path(a.html))):
        raise UsageError(wrong_file)
    names = ("rule", "currency", "since", "until", "overdraft", "cash_gaps")
    with Progress(a.language) as progress, progress.compiling():
        progress(N_("tracing"))
        case = open_case(a.case)
        traced = trace(case, a.start, **{name: getattr(a, name) for name in names})
        progress(N_("looking through products and owners"))
        found = penetrate(traced, a.controlled_by, as_of=a.as_of, holdings=a.holdings)
        if a.html:
            progress(N_("drawing"))
            page = penetration_page(case, found, a.start, a.language)
            write_aside(Path(a.html), page.encode())
    if a.html:
        print(translate(N_("written: {file}"), a.language, file=a.html), file=sys.stderr)
    show_penetration(case, found, a.start, a.format, a.language, a.top)
    return DONE


def _export(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.exporting import show_exported
    from graphflow.stores import export

    with Progress(a.language) as progress, progress.compiling():
        progress(N_("writing"))
        made = export(open_case(a.case), a.to, a.as_of, regime=a.regime)
    show_exported(made, a.format, a.language)
    return DONE


def _synth(a: Arguments) -> int:
    from graphflow.cli.showing import show_facts
    from graphflow.synthesis import make

    with Progress(a.language) as progress:
        progress(N_("generating"))
        facts = make(a.name, a.out, size=a.size, seed=a.seed, style=a.style, progress=progress)
    show_facts(facts, a.format, a.language)
    return DONE


def _demo(a: Arguments) -> int:
    from graphflow.cli.demo import demo

    return demo(Path(a.out), a.size, a.language)


def _manual(a: Arguments) -> int:
    from graphflow.cli.manual import show_manual

    show_manual(a.page, a.format, a.language)
    return DONE


def _app(a: Arguments) -> int:
    from graphflow.cli.launch import launch

    return launch(a.case, a.port, a.language, asked=a.asked, browser=not a.no_browser)


def _warm(a: Arguments) -> int:
    from graphflow.cli.warming import warm

    with Progress(a.language) as progress:
        warm(progress)
    return DONE


def _check(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.checking import show_check
    from graphflow.redlines import check

    with Progress(a.language) as progress, progress.compiling():
        progress(N_("reading"))
        case = open_case(a.case)
        found = check(case, a.only, a.as_of, a.law, progress=progress)
    show_check(case, found, a.format, a.language, a.law, report=a.report, rows=a.rows)
    return DONE


def _patterns(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.patterns import show_patterns
    from graphflow.typologies import patterns

    with Progress(a.language) as progress, progress.compiling():
        progress(N_("reading"))
        case = open_case(a.case)
        found = patterns(
            case, a.only, as_of=a.as_of, window=a.window, least=a.least, permille=a.permille, most=a.most,
            budget=a.budget, by=a.by, progress=progress,
        )  # fmt: skip
    show_patterns(case, found, a.format, a.language, a.top)
    return DONE


def _amounts(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.raising import refuse_part, show_amounts
    from graphflow.redlines.amounts import raised

    refuse_part(a.part, a.format)
    with Progress(a.language) as progress, progress.compiling():
        progress(N_("adding up what was raised"))
        case = open_case(a.case)
        found = raised(case, a.party, a.as_of, currency=a.currency)
    show_amounts(case, found, a.as_of, a.format, a.language, a.part)
    return DONE


def _classes(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.classing import show_classes
    from graphflow.redlines import check
    from graphflow.redlines.classes import classify

    with Progress(a.language) as progress, progress.compiling():
        progress(N_("reading"))
        case = open_case(a.case)
        checked = check(case, as_of=a.as_of, progress=progress)
        progress(N_("putting parties into classes"))
        frame = classify(case, a.as_of, checked=checked)
    show_classes(case, checked, frame, a.format, a.language)
    return DONE


def _score(a: Arguments) -> int:
    from graphflow.cli.scoring import show_night
    from graphflow.scoring.nightly import night

    with Progress(a.language) as progress, progress.compiling():
        progress(N_("reading"))
        made = night(
            a.case, a.as_of, a.out, inbox=a.inbox, law=a.law, parameters=a.parameters, keep=a.keep,
            tell=a.tell, progress=progress,
        )  # fmt: skip
    show_night(made, a.format, a.language)
    return BAD if made.refused else QUARANTINED if made.quarantined else DONE


def _decide(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.scoring import show_decision
    from graphflow.scoring import decide

    with Progress(a.language) as progress, progress.compiling():
        progress(N_("reading"))
        made = decide(open_case(a.case), a.finding, a.verdict, reason=a.reason, by=a.by, as_of=a.as_of)
    show_decision(made, a.format, a.language)
    return DONE


def _dry_run(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.trying import show_dry_run
    from graphflow.scoring.measuring import base_rate_of
    from graphflow.scoring.trying import dry_run

    rate = None if a.base_rate is None else base_rate_of(a.base_rate)
    with Progress(a.language) as progress, progress.compiling():
        progress(N_("reading"))
        case = open_case(a.case)
        tried = dry_run(case, a.law, nights=a.nights, last=a.last, as_of=a.as_of, progress=progress)
    show_dry_run(case, tried, rate, a.format, a.language)
    return DONE


def _learn(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.learning import show_learned
    from graphflow.scoring.learning import learn
    from graphflow.scoring.measuring import base_rate_of

    rate = None if a.base_rate is None else base_rate_of(a.base_rate)
    with Progress(a.language) as progress, progress.compiling():
        progress(N_("reading"))
        made = learn(
            open_case(a.case), a.out, a.labels, by=a.by, with_rules=a.with_rules, most_days=a.most_days,
            progress=progress,
        )  # fmt: skip
    show_learned(made, a.out, rate, a.format, a.language)
    return DONE


def _rank(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.learning import SHOWN, show_ranked
    from graphflow.scoring.keeping import night_scores
    from graphflow.scoring.learning import rank
    from graphflow.scoring.modelling import read_learned

    with Progress(a.language) as progress, progress.compiling():
        progress(N_("reading"))
        made = read_learned(a.model)
        scored = None if a.nights is None else night_scores(a.nights, a.as_of)
        case = open_case(a.case)
        top = SHOWN if a.top is None and a.format == "table" else a.top
        frame = rank(case, made, a.as_of, base_rate=a.base_rate, scored=scored, top=top)
    show_ranked(case, frame, made, a.as_of, a.base_rate, a.format, a.language)
    return DONE


def _pack(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.proving import show_packed
    from graphflow.evidence import pack

    with Progress(a.language) as progress, progress.compiling():
        progress(N_("packing"))
        case = open_case(a.case)
        made = pack(case, a.findings, a.out, as_of=a.as_of, key=a.key, by=a.by)
    show_packed(made, a.out, a.format, a.language)
    return DONE


def _dossier(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.proving import show_written
    from graphflow.evidence import Dossiers, write_dossiers
    from graphflow.redlines import check

    languages = ("en", "zh") if a.languages == "both" else (a.languages or a.language,)
    forms = ("html", "pdf") if a.form == "both" else (a.form,)
    with Progress(a.language) as progress, progress.compiling():
        progress(N_("reading"))
        case = open_case(a.case)
        made = Dossiers(case, a.as_of, out=a.nights, checked=check(case, as_of=a.as_of, progress=progress))
        progress(N_("writing"))
        parties = [*a.parties, *(made.top(a.top) if a.top else ())]
        files = write_dossiers(made, parties, a.out, languages=languages, forms=forms)
    show_written(files, a.format, a.language)
    return DONE


def _roll_up(a: Arguments) -> int:
    from graphflow.case import open_case
    from graphflow.cli.scoring import show_roll_up
    from graphflow.redlines import check
    from graphflow.scoring import roll_up, unlicensed_payment

    with Progress(a.language) as progress, progress.compiling():
        progress(N_("reading"))
        case = open_case(a.case)
        checked = check(case, as_of=a.as_of, progress=progress)
        frame = roll_up(case, a.as_of, by=a.by, checked=checked)
        payment = unlicensed_payment(case, a.as_of, checked=checked)
    show_roll_up(case, frame, payment, a.by, a.format, a.language)
    return DONE


def _verify(a: Arguments) -> int:
    from graphflow.cli.proving import show_verified
    from graphflow.evidence import verify

    with Progress(a.language) as progress, progress.compiling():
        progress(N_("computing everything again"))
        found = verify(a.pack)
    show_verified(found, a.format, a.language, all_lines=a.all)
    return DONE if found.agrees else DIFFERS


VERBS: dict[str, Callable[[Arguments], int]] = {
    "import": _import,
    "info": _info,
    "trace": _trace,
    **dict.fromkeys(
        ("owners", "controls", "controllers", "beneficial-owners", "related", "weakest-link", "power"),
        _ownership,
    ),
    "products": _products,
    "penetrate": _penetrate,
    "check": _check,
    "score": _score,
    "pack": _pack,
    "verify": _verify,
    "dossier": _dossier,
    "roll-up": _roll_up,
    "decide": _decide,
    "dry-run": _dry_run,
    "learn": _learn,
    "rank": _rank,
    "patterns": _patterns,
    "amounts": _amounts,
    "classes": _classes,
    "export": _export,
    "synth": _synth,
    "demo": _demo,
    "manual": _manual,
    "app": _app,
    "warm": _warm,
}
