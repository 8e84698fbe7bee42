"""English words that name nothing: they end a key phrase as stop words do, although they have a meaning.

Verbs, and the adjectives and nouns of any prose; chosen by hand, looking at one half of Inspec (Hulth 2003)
and never at the half that is measured; and what people write of every day.
"""

_VERBS = """
accept account achieve acquire act add address adopt affect aim allow analyze analyse answer appear apply
argue arise assess assume attempt attract avoid base be become begin believe belong bring build calculate
call capture carry cause change characterize choose cite claim close combine come compare complete compute
concern conclude conduct confirm consider consist constitute construct contain continue contribute
correspond cover create deal decide decrease define deliver demonstrate depend derive describe deserve
design detect determine develop differ discover discuss display do draw drive emerge emphasize employ
enable encounter encourage enhance ensure enter establish estimate evaluate evolve examine exceed exhibit
exist expect experience explain explore express extend face facilitate fail fall favor feature find fit
focus follow form formulate gain generate get give go grow handle happen help hold hope identify
illustrate imagine implement imply improve include incorporate increase indicate inform integrate intend
introduce investigate involve issue join keep know lack lead learn leave let lie limit link list look lose
maintain make manage mean measure meet mention minimize modify motivate move need note notice observe
obtain occur offer operate outline overcome own participate perform permit place plan play point predict
prefer prepare present preserve prevent proceed produce propose prove provide publish put raise reach
react read realize receive recognize recommend reduce refer reflect regard relate rely remain remember
remove render replace report represent require resolve respond rest restrict result return reveal review
run satisfy say see seek seem select serve show solve speak specify spend stand start state stay stem
study succeed suffer suggest summarize supply support suppose take talk tell tend test think treat try
turn understand undertake use utilize vary verify view visit want wish work write yield
"""
_EVERYDAY_VERBS = """
arrive ask await bother buy cancel charge cost deliver enjoy forget hate hear hurry ignore like live love pay
promise recommend return sit sleep smell stop thank wait walk wear worry
"""
_EVERYDAY = """
ago anybody anyone anything bought everybody everyone everything felt forgot hardly heard hello hi month
months nobody nothing nowhere ordered ordering paid please slept somebody someone something thanks week
weeks wore
"""
_FORMS = """
arisen arose became began begun brought built came chose chosen dealt done drawn drew driven drove fallen
fell found gave given gone got gotten grew grown held kept knew known laid led left lent lost made meant
met overcame put ran read said saw seen sent shown sought spent spoke spoken stood taken taught thought
told took understood undertaken undertook went went won written wrote
"""
_OTHERS = """
able accordingly addition additional adequate advantage advantages along already also although always
among amount another approach approaches appropriate around article aspect aspects author authors
available aware away back basic basis benefit benefits best better beyond big brief broad capability
capable case cases certain challenge challenges chapter clear combination common comparable comparison
comprehensive concept concepts conclusion conclusions consequence consequences considerable context
contrast contribution contributions conventional crucial current currently definition despite detail
details different difficult difficulties difficulty disadvantages discussion diverse due e.g early easy
effect effective effectiveness effects effort efforts either enough entire especially essential etc even
every evidence evident example examples excellent existence extension extent fact facts far feasible final
findings first five former four fully furthermore future goal goals good great greater greatest growth
hand hence higher however i.e idea ideas impact implication implications importance important impossible
improvement improvements indeed inherent initial insight insights instance instead interest interesting
introduction item key kind kinds larger largest last later latter least less lesser level levels like
likely limitation limitations little long longer lot lower main major majority manner many may meanwhile
method methods might modern moreover much name namely nature near necessary never nevertheless new next
nine notion novel now number numbers numerous obvious often one ones opportunities opportunity order
original others otherwise overall overview paper papers part particular parts past people per perhaps
perspective popular possibility possible potential practical practice preliminary presence previous
principal prior probable problem problems procedure procedures promising proper properties property
purpose purposes question questions quick quite rapid rather reason reasons recent relationship relative
relevant respect respective rich right role roles sake satisfactory second section section's serious set
sets seven several shall short side significant similar simple since single situation situations six size
smaller so-called solution solutions sophisticated special specific step steps still straightforward
strength strong subject subsequent substantial successful sufficient suitable task tasks technique
techniques ten term terms theoretical therefore thing things third though three thus time times today
together toward towards traditional true two type types typical ultimate unique usage useful usual
valuable variety various via viewpoint vital way ways weak well well-known whereas whether whole wide
within without word words world worth year years yes yet
"""
_NAMING = """
charge charges cost costs design return returns state support test
"""
_VOWELS = "aeiou"
_DOUBLED = "bdgmnpt"
_SHORT = 4


def inflected(verb: str) -> set[str]:
    """Give a regular verb with its other forms, spelt as English spells them."""
    if verb.endswith("e"):
        return {verb, f"{verb}s", f"{verb}d", f"{verb[:-1]}ing"}
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        return {verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"}
    plural = "es" if verb.endswith(("s", "x", "ch", "sh")) else "s"
    found = {verb, verb + plural, f"{verb}ed", f"{verb}ing"}
    if len(verb) <= _SHORT and verb[-1] in _DOUBLED and verb[-2] in _VOWELS:
        found |= {f"{verb}{verb[-1]}ed", f"{verb}{verb[-1]}ing"}
    return found


PLAIN_WORDS: frozenset[str] = frozenset(
    {*_OTHERS.split(), *_FORMS.split(), *_EVERYDAY.split()}
    | {form for verb in f"{_VERBS} {_EVERYDAY_VERBS}".split() for form in inflected(verb)}
) - frozenset(_NAMING.split())
"""The words, in lower case; some verbs are left out, because their names name things too."""
