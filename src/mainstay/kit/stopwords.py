"""Words that carry grammar and no subject, by language: search by words passes them over.

Only articles, pronouns, prepositions, conjunctions and auxiliary verbs stand here, in lower case and as
they are written; a language without a list loses nothing but time, because BM25 weighs what is in every
passage at almost zero.
"""

_ENGLISH = """
a about above after again against all am an and any are aren as at be because been before being below
between both but by can cannot could couldn did didn do does doesn doing don down during each few for from
further had hadn has hasn have haven having he her here hers herself him himself his how i if in into is isn
it its itself just ll me more most must my myself no nor not of off on once only or other our ours ourselves
out over own re s same shan she should shouldn so some such t than that the their theirs them themselves
then there these they this those through to too under until up upon us ve very was wasn we were weren what
when where which while who whom whose why will with won would wouldn you your yours yourself yourselves
"""
_GERMAN = """
aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes auch auf aus
bei beim bin bis bist da dadurch daher damit dann das dass daß dein deine deinem deinen deiner dem den denen
denn der deren des dessen die dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen
einer eines er es etwa etwas euch euer eure für gegen hab habe haben hat hatte hatten hier hin hinter ich
ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im in indem ins ist ja jede jedem jeden jeder jedes jene
jenem jenen jener jenes kann kein keine keinem keinen keiner können könnte man manche mein meine meinem
meinen meiner mich mir mit muss musste nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem
seinen seiner seines seit sich sie sind so solche sollte sondern sonst sowie über um und uns unser unsere
unter viel vom von vor wann war waren warst was weil welche welchem welchen welcher welches wenn wer werde
werden wie wieder wir wird wo worden wurde wurden würde während zu zum zur zwar zwischen
"""
_SPANISH = """
a al algo algunas algunos ante antes como con contra cual cuál cuáles cuales cuando cuándo cuánto cuántos
cuántas de del desde donde dónde durante e el él ella ellas ellos en entre era eran es esa esas ese eso esos
está esta están estaba estaban estar estas este esto estos fue fueron ha había habían han hasta hay la las
le les lo los más me mi mis mucho muy nada ni no nos nosotros nuestra nuestro o otra otras otro otros para
pero poco por porque que qué quien quién quienes quiénes se sea según ser si sí sido sin sobre son su sus
también tan tanto te tenía tiene tienen todo todos tu tus un una uno unos unas y ya yo
"""
_FRENCH = """
à ai ainsi après as au aucun aucune aussi autre autres aux avait avant avec avoir c ce ceci cela celle
celles celui ces cet cette ceux chaque chez comme comment d dans de depuis des donc dont du elle elles en
entre est et étaient était été êtes être eu eux fait faut furent fut ici il ils j je jusque l la là le les
leur leurs lors lorsque lui m ma mais me même mes moi mon n ne ni non nos notre nous on ont ou où par parce
pas pendant peu peut plus plusieurs pour pourquoi puis qu quand que quel quelle quelles quels qui quoi s sa
sans se selon sera serait ses si son sont sous sur t ta te tes toi ton tous tout toute toutes très tu un une
vers vos votre vous y
"""
_ITALIAN = """
a ad ai al alla alle allo agli anche aveva avere c che chi ci coi col come con contro cosa cui d da dagli
dai dal dalla dalle dallo degli dei del della delle dello dell di dopo dove e è ed era erano essere fra
furono fu già gli ha hanno ho i il in io l la le lei li lo loro lui ma me mi mio ne negli nei nel nella
nelle nello noi non nostra nostro o od ogni per perché più poi prima qual quale quali quando quanti quanto
quella quelle quelli quello questa queste questi questo qui se sé sei si sia siamo sono sopra sotto sta
stata stati stato su sua sue sugli sui sul sulla sulle sullo suo suoi tra tu tutti tutto un una uno
"""
_PORTUGUESE = """
a à ainda ao aos aquela aquele aquilo as às até com como contra da das de dela dele deles depois do dos
durante e é ela elas ele eles em entre era eram essa esse esta está estão estava este eu foi foram há isso
isto já lhe mais mas me mesmo meu minha muito na não nas nem no nos nós nossa nosso num numa o onde os ou
para pela pelas pelo pelos per por porque qual quais quando quanto que quê quem são se sem ser seu seus si
sido sob sobre sua suas também te tem têm tinha todo todos tu um uma umas uns você
"""
_DUTCH = """
aan al alle als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus een en er ge geen
haar had hadden heb hebben heeft hem het hier hij hoe hun ik in is ja je jij jullie kan kon kunnen maar me
meer men met mij mijn moet na naar niet niets nog nu of om omdat ons onze ook op over te tegen toch toen tot
u uit uw van veel voor waar waarom wanneer want waren was wat welke werd werden wie wij wil worden wordt
wordt zal ze zelf zich zij zijn zo zonder zou
"""
_SWEDISH = """
alla allt att av blev bli blir de dem den denna deras dess det detta dig din dock du där då efter ej eller
en er ett från för ha hade han hans har henne hennes hon honom hur här i icke ingen inom inte jag ju kan
kunde man med mellan men mig min mot mycket ni nu när någon något några och om oss på samma sedan sig sin
sina sitt själv skulle som så till under upp ut utan vad var vara varför vem vi vid vilka vilken vilket vår
än är även över
"""
_DANISH_NORWEGIAN = """
af alle alt andre at av begge blev ble bli blir blive bliver da de dem den denne der deres det dette dig din
disse du efter eller en end enn er et etter for fordi fra få før ham han hans har havde hadde have hende
hendes her hos hun hva hvad hvem hver hvilken hvis hvor hvordan hvorfor i ikke ind ingen jeg kan kunne man
med meg mellom mellem men mig min mot mod mye nå når noe noen nogle nogen nu og også om opp op oss os over
på samme selv sig seg sin sine sitt skal skulle som så til under ut ud uden uten var ved vi vil ville vor
være været vært
"""
_RUSSIAN = """
а без более бы был была были было быть в вам вас весь во вот все всё всего всех вы где да для до его ее её
ей если есть еще ещё же за здесь и из или им их к как какая какие какой ко когда который которая которые
которое кто ли либо между меня мне может мы на над надо нас не него нее неё нет ни них но ну о об однако он
она они оно от очень по под после потому при про с свою себя со так также такой там те тем то тогда того
тоже той только том ты у уже хотя чего чей чем что чтобы эта эти это этого этой этом этот я
"""
_POLISH = """
a aby albo ale ani aż bardzo bez bo był była było były by być ci co czy czyli dla do gdy gdzie go i ich ile
im innych iż ja jak jaka jaki jakie jako je jednak jego jej jest jeśli już każdy kiedy kto która które
którego której który których którzy lub ma mi mnie może można my na nad nas nie nich niż o od on ona one oni
ono oraz po pod ponieważ przed przez przy się są sobie swoje ta tak także tam te tego tej temu ten to tu
tych tylko tym u w we więc wszystko z za ze że
"""
_TURKISH = """
ama ancak bana bazı bu bunlar bunu burada çok çünkü da daha de defa değil diye en fakat gibi hangi hem hep
her hiç için ile ise kadar ki kim kimse mı mi mu mü nasıl ne neden nerede niçin niye o olan olarak olduğu
onlar onu onun sen siz şey şu tüm ve veya ya yani
"""

STOP_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset(_ENGLISH.split()),
    "de": frozenset(_GERMAN.split()),
    "es": frozenset(_SPANISH.split()),
    "fr": frozenset(_FRENCH.split()),
    "it": frozenset(_ITALIAN.split()),
    "pt": frozenset(_PORTUGUESE.split()),
    "nl": frozenset(_DUTCH.split()),
    "sv": frozenset(_SWEDISH.split()),
    "da": frozenset(_DANISH_NORWEGIAN.split()),
    "no": frozenset(_DANISH_NORWEGIAN.split()),
    "nb": frozenset(_DANISH_NORWEGIAN.split()),
    "ru": frozenset(_RUSSIAN.split()),
    "pl": frozenset(_POLISH.split()),
    "tr": frozenset(_TURKISH.split()),
}
"""The stop words of a language, by its ISO 639-1 code."""
