"""What two questions have to share whatever their vectors say: their numbers, and how often they deny.

All languages are looked through at once, because that of a short question is often mistaken. A word that
denies in one of them and is harmless in another costs an answer from the cache, never a right one.
"""

import re

_DENIALS = {
    "en": "not no never none nothing nobody nowhere neither nor without except cannot cant wont dont doesnt"
    " didnt isnt arent wasnt werent hasnt havent hadnt couldnt shouldnt wouldnt mustnt",
    "de": "nicht nichts nie niemals niemand nirgends kein keine keinen keinem keiner keines weder ohne außer",
    "fr": "ne n pas jamais rien aucun aucune personne nulle nul ni non sans sauf plus",
    "es": "no nunca jamás nada nadie ningún ninguno ninguna ni tampoco sin salvo excepto",
    "it": "non no mai niente nulla nessun nessuno nessuna né neanche senza tranne",
    "pt": "não nunca jamais nada ninguém nenhum nenhuma nem tampouco sem exceto",
    "nl": "niet niets nooit niemand nergens geen noch zonder behalve",
}
_NUMBERS = {
    "en": "zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand"
    " million billion half twice second third fourth fifth",
    "de": "null zwei drei vier fünf sechs sieben acht neun zehn elf zwölf sech sieb zwanzig dreißig dreissig"
    " vierzig fünfzig sechzig siebzig achtzig neunzig hundert tausend million millionen milliarde"
    " milliarden halb halbe zweimal zweite zweiten dritte dritten",
    "fr": "zéro deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt"
    " vingts trente quarante cinquante soixante septante octante nonante cent cents mille million millions"
    " milliard demi demie deuxième seconde troisième",
    "es": "cero dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince veinte"
    " veinti dieci treinta cuarenta cincuenta sesenta setenta ochenta noventa cien ciento cientos mil"
    " millón millones quinientos medio media segundo segunda tercero tercera",
    "it": "zero due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici"
    " sedici diciassette diciotto diciannove venti trenta quaranta cinquanta sessanta settanta ottanta"
    " novanta vent trent quarant cinquant sessant settant ottant novant cento mille mila milione milioni"
    " mezzo mezza secondo seconda terzo terza",
    "pt": "zero dois duas três quatro cinco seis sete oito nove dez onze doze treze catorze quatorze quinze"
    " dezasseis dezesseis dezassete dezessete dezoito dezanove dezenove vinte trinta quarenta cinquenta"
    " sessenta setenta oitenta noventa cem cento centos mil milhão milhões meio meia segundo segunda"
    " terceiro terceira",
    "nl": "nul twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien twintig dertig"
    " veertig vijftig zestig zeventig tachtig negentig honderd duizend miljoen miljard half halve tweede"
    " derde",
}
_ONES = "ein een uno un"  # alone they are articles; `einundzwanzig` and `ventuno` are numbers
_JOINTS = "und en ën i y e"

MARKED = frozenset(_DENIALS)
"""The languages whose denials and numbers are known; a question in another is like no other one."""


def _one_of(words: str) -> str:
    return "|".join(sorted({re.escape(word) for word in words.split()}, key=len, reverse=True))


_PARTS = _one_of(" ".join(_NUMBERS.values()))
_WORDED = rf"(?:(?:{_PARTS}|{_one_of(_ONES)})(?:{_one_of(_JOINTS)})?)*(?:{_PARTS})(?:{_one_of(_ONES)})?"
_NUMBER = re.compile(rf"\d+(?:[.,:]\d+)*|\b{_WORDED}\b", re.IGNORECASE)
_DENIAL = re.compile(rf"\b(?:{_one_of(' '.join(_DENIALS.values()))}|\w+n['’]t)\b", re.IGNORECASE)


def marks_of(question: str) -> tuple[str, ...]:
    """Give a question's numbers in their order, and how often it denies.

    Vectors hardly tell `order 17` from `order 71`, or a question from its opposite.
    """
    numbers = [found.lower() for found in _NUMBER.findall(question)]
    return (*numbers, "!" * len(_DENIAL.findall(question)))
