"""How languages are called: codes of ISO 639-2 and 639-3, codes of former times, and English names."""

import re

_LANGUAGES = """
aa aar afar, ab abk abkhazian abkhaz, ae ave avestan, af afr afrikaans, ak aka akan, am amh amharic,
an arg aragonese, ar ara arabic arb, as asm assamese, av ava avaric avar, ay aym aymara ayr,
az aze azerbaijani azj, ba bak bashkir, be bel belarusian, bg bul bulgarian, bh bih bihari,
bi bis bislama, bm bam bambara, bn ben bengali bangla, bo bod tib tibetan, br bre breton, bs bos bosnian,
ca cat catalan valencian, ce che chechen, ch cha chamorro, co cos corsican, cr cre cree,
cs ces cze czech, cu chu church_slavic, cv chv chuvash, cy cym wel welsh, da dan danish,
de deu ger german, dv div divehi dhivehi maldivian, dz dzo dzongkha, ee ewe, el ell gre greek,
en eng english, eo epo esperanto, es spa spanish castilian, et est estonian ekk, eu eus baq basque,
fa fas per persian farsi pes prs dari, ff ful fulah fuv, fi fin finnish, fj fij fijian, fo fao faroese,
fr fra fre french, fy fry western_frisian frisian, ga gle irish, gd gla scottish_gaelic gaelic,
gl glg galician, gn grn guarani gug, gu guj gujarati, gv glv manx, ha hau hausa, he heb hebrew iw,
hi hin hindi, ho hmo hiri_motu, hr hrv croatian, ht hat haitian haitian_creole, hu hun hungarian,
hy hye arm armenian, hz her herero, ia ina interlingua, id ind indonesian in, ie ile interlingue,
ig ibo igbo, ii iii sichuan_yi, ik ipk inupiaq, io ido, is isl ice icelandic, it ita italian,
iu iku inuktitut, ja jpn japanese, jv jav javanese jw, ka kat geo georgian, kg kon kongo, ki kik kikuyu,
kj kua kuanyama, kk kaz kazakh, kl kal kalaallisut, km khm khmer, kn kan kannada, ko kor korean,
kr kau kanuri, ks kas kashmiri, ku kur kurdish kmr, kv kom komi, kw cor cornish, ky kir kirghiz kyrgyz,
la lat latin, lb ltz luxembourgish, lg lug ganda, li lim limburgan limburgish, ln lin lingala, lo lao,
lt lit lithuanian, lu lub luba-katanga, lv lav latvian lvs, mg mlg malagasy plt, mh mah marshallese,
mi mri mao maori, mk mkd mac macedonian, ml mal malayalam, mn mon mongolian khk, mr mar marathi,
ms msa may malay zsm, mt mlt maltese, my mya bur burmese myanmar, na nau nauru,
nb nob norwegian_bokmål bokmål bokmal, nd nde north_ndebele, ne nep nepali npi, ng ndo ndonga,
nl nld dut dutch flemish, nn nno norwegian_nynorsk nynorsk, no nor norwegian, nr nbl south_ndebele,
nv nav navajo, ny nya chichewa nyanja, oc oci occitan, oj oji ojibwa, om orm oromo gaz,
or ori oriya odia ory, os oss ossetian ossetic, pa pan panjabi punjabi, pi pli pali, pl pol polish,
ps pus pushto pashto pbt, pt por portuguese, qu que quechua quy, rm roh romansh, rn run rundi,
ro ron rum romanian mo moldovan, ru rus russian, rw kin kinyarwanda, sa san sanskrit, sc srd sardinian,
sd snd sindhi, se sme northern_sami, sg sag sango, sh hbs serbo-croatian, si sin sinhala sinhalese,
sk slk slo slovak, sl slv slovenian slovene, sm smo samoan, sn sna shona, so som somali,
sq sqi alb albanian als, sr srp serbian, ss ssw swati, st sot southern_sotho sotho, su sun sundanese,
sv swe swedish, sw swa swahili swh, ta tam tamil, te tel telugu, tg tgk tajik, th tha thai,
ti tir tigrinya, tk tuk turkmen, tl tgl tagalog fil filipino, tn tsn tswana, to ton tonga,
tr tur turkish, ts tso tsonga, tt tat tatar, tw twi, ty tah tahitian, ug uig uighur uyghur,
uk ukr ukrainian, ur urd urdu, uz uzb uzbek uzn, ve ven venda, vi vie vietnamese, vo vol volapük,
wa wln walloon, wo wol wolof, xh xho xhosa, yi yid yiddish ji ydd, yo yor yoruba, za zha zhuang,
zh zho chi chinese cmn mandarin, zu zul zulu
"""
"""Every language of ISO 639-1, and Bihari, which detectors tell: its code, then what else it is called.

Where ISO 639-3 tells apart what 639-1 takes together, the form that model cards name stands with it.
"""
_CALLED = {name: entry.split()[0] for entry in _LANGUAGES.split(",") for name in entry.split()}
_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{2,8})+")


def code_of(name: str) -> str | None:
    """Give the ISO 639-1 code of a language's name or code: `German`, `deu`, `de-AT`, `deu_Latn`."""
    words = name.casefold().split()
    tag = _TAG.fullmatch(words[0]) if len(words) == 1 else None
    return _CALLED.get("_".join(words)) or (_CALLED.get(tag[1]) if tag is not None else None)
