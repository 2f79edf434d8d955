"""Phrases that speak to a language model, in English, French, German, Spanish, Italian, Portuguese.

They are regular expressions over folded text (``ingest.instructions``): small letters without
accents. A space stands for whatever divides two words. All repetitions have an upper bound, so that
no text takes more than time in proportion to its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from retrieval.types import FlagCode


@dataclass(frozen=True, slots=True)
class Phrases:
    """Phrases that are marked alike.

    Each holds one of ``cues``, parts of words with spaces between; a text without is not searched.
    """

    code: FlagCode
    cues: str
    alternatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """How a language says that earlier instructions no longer count.

    ``set_aside`` are verbs before the instructions, ``dismissed`` what is said after them;
    ``between`` are words that may stand anywhere; ``which`` tells that they are a model's own.
    """

    cues: str
    set_aside: str
    between: str
    which: str
    what: str
    dismissed: str

    def phrases(self) -> Iterator[str]:
        """Both orders of words."""
        between, which, what = self.between, self.which, self.what
        own = (
            f"(?:(?:{which})(?: (?:{between}|{which})){{0,3}} (?:{what})"
            f"|(?:{what})(?: (?:{between})){{0,4}} (?:{which}))"
        )
        yield f"(?:{self.set_aside})(?: (?:{between})){{0,6}} {own}"
        yield f"{own}(?: [a-z]{{1,20}}){{0,4}} (?:{self.dismissed})"


_ENGLISH = Wording(
    cues="ignor disregard forget overrid bypass discard attention aside follow obey heed "
    "comply longer",
    set_aside=r"ignore|disregard|forget|override|bypass|discard|pay no attention to|set aside"
    r"|(?:do not|don ?t|never) (?:follow|obey|heed|comply with)|stop (?:following|obeying)",
    between=r"all|any|each|every|of|the|these|those|this|that|my|our|and|or|other|about|to|please"
    r"|which|i|we|you|is|are|was|were|have|has|been|given|gave|said|written|stated|listed|provided"
    r"|mentioned|in|from",
    which=r"previous|previously|prior|above|earlier|preceding|foregoing|initial|original|your"
    r"|system|developer|hidden|aforementioned|before|so far|up to now|until now"
    r"|you (?:were|have been|ve been) given|given to you|you received",
    what=r"instructions?|prompts?|directives?|directions?|guidelines?|rules?|commands?"
    r"|constraints?|context|guardrails?|programming",
    dismissed=r"(?:be|is|are|were) (?:to be )?(?:ignored|disregarded|discarded|overridden)"
    r"|no longer apply",
)
_FRENCH = Wording(
    cues="ignor oubli contourn outre abstraction obei compte suis suiv respect appliqu annul",
    set_aside=r"ignore[rz]?|oublie[rz]?|contourne[rz]?|passe[rz]? outre|outrepasse[rz]?"
    r"|(?:fais|faites|faire) abstraction|desobei(?:s|ssez|r)"
    r"|ne (?:tiens|tenez|tenir)(?: plus| pas| aucun)? (?:pas )?compte"
    r"|ne (?:suis|suivez|respectez?|applique[rz]?) (?:pas|plus)|ne (?:pas|plus) (?:suivre"
    r"|respecter)",
    between=r"de|des|du|d|a|au|aux|toutes?|tous|tout|les|la|le|l|ces|cette|ce|mes|nos|autres?|et|ou"
    r"|qui|que|qu|t|tu|vous|te|on|ont|ete|as|avez|je|nous|avons|s il te plait|s il vous plait",
    which=r"precedente?s?|anterieure?s?|ci dessus|prealables?|initiales?|initiaux|d origine"
    r"|originales?|recue?s?|donnee?s?|systeme|precede(?:nt)?|plus haut|jusqu ici"
    r"|jusqu a present|tes|vos|ton|votre|cache(?:e?s)?",
    what=r"instructions?|consignes?|directives?|ordres?|regles?|indications?|prompts?|commandes?",
    dismissed=r"(?:sont|est|seront|doivent etre|doit etre) (?:a ignorer|ignoree?s?|annulee?s?)",
)
_GERMAN = Wording(
    cues="ignorier vergi vergess missacht verwirf verwerf ubergeh umgeh befolg beacht "
    "hinfallig halte gelten",
    set_aside=r"ignorier(?:e|t|en sie|en wir|en)|vergi(?:ss|sst)|vergesst|vergessen sie"
    r"|missacht(?:e|et|en sie)|verwirf|verwerfen sie|ubergeh(?:e|en sie)|umgeh(?:e|en sie)"
    r"|(?:befolge|beachte)(?:n sie)?(?: auf keinen fall| nicht(?: mehr)?| keine)"
    r"|halte dich nicht(?: mehr)? an",
    between=r"bitte|jetzt|nun|ab|sofort|alle[nrs]?|samtliche[nr]?|jegliche[nr]?|die|den|der|das|dem"
    r"|diese[nr]?|meine[nr]?|unsere[nr]?|und|oder|dir|ihnen|dich|du|wurden?|gegeben|die dir"
    r"|anderen|einfach",
    which=r"vorherige[nrs]?|vorherigem|vorangegangene[nr]?|vorangehende[nr]?|vorangestellte[nr]?"
    r"|vorige[nr]?|fruhere[nr]?|bisherige[nr]?|obige[nr]?|obenstehende[nr]?|oben|zuvor|vorher"
    r"|vorhergehende[nr]?|ursprungliche[nr]?|vorstehende[nr]?|deine[nr]?|ihre[nr]?|bis jetzt"
    r"|bislang|versteckte[nr]?",
    what=r"anweisung(?:en)?|instruktion(?:en)?|befehle?n?|vorgaben?|anordnung(?:en)?|regeln?"
    r"|richtlinien?|(?:system ?)?prompts?|systemanweisung(?:en)?|aufforderung(?:en)?|kommandos?",
    dismissed=r"ignorieren|(?:zu|sollst du|bitte) (?:ignorieren|vergessen|missachten)|hinfallig"
    r"|nicht(?: mehr)? (?:beachten|befolgen|beachtet|befolgt)|gelten nicht(?: mehr)?"
    r"|(?:beachte|befolge) nicht(?: mehr)?",
)
_SPANISH = Wording(
    cues="ignor olvid descart desestim omis omit alto sig obede cumpl haga tenga respet "
    "valid aplica vale anulad efecto",
    set_aside=r"ignor(?:a|e|en|ad|ar)|olvid(?:a|e|en|ad|ar|ate de|ese de)|descart(?:a|e|en|ar)"
    r"|desestim(?:a|e|en)|(?:haz|haga|hagan|hacer) caso omiso|pas(?:a|e) por alto|omit(?:e|a)"
    r"|no (?:sigas|siga|sigan|obedezcas?|cumplas?|hagas? caso|tengas? en cuenta|respetes?)",
    between=r"de|del|a|al|todas?|todos|todo|las|los|la|el|lo|mis|nuestras?|estas|esas|este|otras?"
    r"|cualquier|que|y|o|por favor|te|se|le|has|han|he|hemos|fueron|en",
    which=r"anterior(?:es)?|previas?|previos?|precedentes?|arriba|inicial(?:es)?"
    r"|original(?:es)?|sistema|recibid[ao]s?|dad[ao]s?|dado|hasta ahora|tus|sus|tu|ocult[ao]s?",
    what=r"instruccion(?:es)?|indicacion(?:es)?|ordenes|reglas?|directrices|directivas?|pautas?"
    r"|prompts?|consignas?|mandatos?|comandos?",
    dismissed=r"(?:deben|debe|pueden|han de) (?:ser )?(?:ignorad[ao]s?|ignorarse|ignorar)"
    r"|(?:ya )?no (?:son validas?|se aplican|valen)|quedan (?:anuladas|sin efecto)",
)
_ITALIAN = Wording(
    cues="ignor dimentic trascur tralasci disattend scord segu rispett consider obbed ten "
    "valgono piu",
    set_aside=r"ignor(?:a|i|ate|are|ino)|dimentic(?:a|hi|ate|are|ati)(?: di)?|trascur(?:a|i"
    r"|ate|are)"
    r"|tralasci(?:a|ate|are)?|disattend(?:i|ete|ere)|scord(?:a|ati|atevi)"
    r"|non (?:seguire|segua|seguite|rispettare|considerare|obbedire a|tenere conto|tener conto)",
    between=r"di|del|delle|dei|degli|a|alle|ai|tutte?|tutti|tutto|le|gli|i|la|il|lo|l|mie|nostre"
    r"|queste|quelle|altre?|e|o|che|ti|vi|sono|state?|hai|avete|ho|abbiamo|qualsiasi|per favore",
    which=r"precedent[ei]|antecedenti|sopra|cui sopra|inizial[ei]|original[ei]|ricevut[eio]"
    r"|dat[eio]|sistema|finora|fino ad ora|tue|tuo|tuoi|vostre|sue|anterior[ei]|nascost[eio]",
    what=r"istruzion[ei]|indicazion[ei]|direttiv[ae]|ordini|regol[ae]|comandi|linee guida|prompts?"
    r"|consegne|disposizioni",
    dismissed=r"(?:vanno|devono essere|deve essere|sono da) ignorat[eio]|sono da ignorare"
    r"|non (?:valgono|sono) piu(?: valide)?",
)
_PORTUGUESE = Wording(
    cues="ignor esque desconsider desprez descart lado siga obede cumpr conta respeit vale aplica",
    set_aside=r"ignor(?:a|e|em|ar|ai)|esque(?:ca|ce|cam|cer)(?: se)?(?: d[eao]s?)?"
    r"|desconsider(?:a|e|em|ar)|desprez(?:a|e|ar)|descart(?:a|e|ar)|(?:deixe|deixa|deixar) de lado"
    r"|nao (?:siga|sigas|sigam|obedeca|obedecas|cumpra|leve em conta|tenha em conta|respeite)",
    between=r"de|d[ao]s?|a|as|o|os|todas?|todos|tudo|minhas|nossas|estas|essas|esses?|quaisquer|que"
    r"|qualquer|outr[ao]s|e|ou|por favor|te|lhe|foram|voce|recebeu|no|na",
    which=r"anterior(?:es)?|previas?|previos?|precedentes?|acima|inicia(?:l|is)|origina(?:l|is)"
    r"|sistema|recebid[ao]s?|dad[ao]s?|ate agora|tuas|suas|teu|seu|ocult[ao]s?",
    what=r"instruc(?:ao|oes)|indicac(?:ao|oes)|orientac(?:ao|oes)|ordens|regras?|diretriz(?:es)?"
    r"|diretivas?|comandos?|prompts?",
    dismissed=r"(?:devem|deve|podem) (?:ser )?(?:ignorad[ao]s?|desconsiderad[ao]s?)"
    r"|nao (?:valem|se aplicam)(?: mais)?",
)

_LANGUAGES = (_ENGLISH, _FRENCH, _GERMAN, _SPANISH, _ITALIAN, _PORTUGUESE)

_OVERRIDES = (
    *(
        Phrases("instruction_override", wording.cues, tuple(wording.phrases()))
        for wording in _LANGUAGES
    ),
    Phrases(
        "instruction_override",
        "ignor disregard forget oubli vergi vergess olvid dimentic esque desconsider your",
        (
            r"(?:ignore|disregard|forget) (?:everything|anything|all|all of that|what)"
            r"(?: (?:that|which|was|is|has|have|been|said|written|you|ve|were|told|i|we|it|comes?"
            r"|came)){0,6} (?:above|before this|before|previously|earlier|so far|until now"
            r"|up to (?:now|this point))",
            r"(?:ignore|disregard) all (?:of )?(?:the |your )?(?:instructions|prompts|guardrails)",
            r"(?:ignore|disregard) (?:your|all|any) (?:of (?:the|your) )?safety (?:rules"
            r"|guidelines)",
            r"your (?:new|real|true|actual|only) (?:system )?(?:instructions?|prompt|directives?)"
            r" (?:is|are)",
            r"(?:ignore[rz]?|oublie[rz]?) tout ce (?:qui|que|qu)(?: [a-z]{1,12}){0,4}"
            r" (?:precede|avant|ci dessus|plus haut|jusqu ici|jusqu a present|precedemment)",
            r"(?:ignoriere|ignorieren sie|vergiss|vergessen sie"
            r"|vergesst) alles(?: [a-z]{1,12}){0,4}"
            r" (?:bisher|bisherige|vorher|vorherige|zuvor|oben|obige|vorangegangene|bis jetzt)",
            r"(?:ignor|olvid)(?:a|e|en|ar) (?:todo lo|lo)(?: [a-z]{1,12}){0,4}"
            r" (?:anterior|anteriormente|antes|arriba|previo|hasta ahora)",
            r"(?:ignora|ignori|ignorare|dimentica|dimentichi) (?:tutto )?(?:quanto|quello|cio|il)"
            r"(?: [a-z]{1,12}){0,4} (?:precede|precedentemente|precedente|prima|sopra|finora)",
            r"(?:ignore|ignora|esqueca|esquece|desconsidere)(?: se de)? tudo(?: [a-z]{1,12}){0,4}"
            r" (?:anterior|anteriormente|antes|acima|ate agora)",
        ),
    ),
)

_MODEL_EN = (
    r"(?:ai|artificial intelligence|llm|(?:large )?language model|chat ?bot|chatgpt|gpt|dan"
    r"|assistant|bot)"
)
_MODEL_ROMANCE = (
    r"(?:ia|ai|llm|chat ?bot|chatgpt|gpt|dan|bot|robot|assistante?|assistente|asistente"
    r"|intelligence artificielle|inteligencia artificial|intelligenza artificiale"
    r"|modele de langage|modelo de lenguaje|modelo de linguagem|modello linguistico)"
)
_MODEL_DE = (
    r"(?:ki|ai|llm|chat ?bot|chatgpt|gpt|dan|bot|assistent|ki assistent|sprachmodell"
    r"|kunstliche intelligenz)"
)
_AS = r"(?: [a-z]{1,15}){0,3}"
"""What may stand between a new role and its name: an article, an adjective."""

_ROLES = (
    Phrases(
        "role_change",
        "now longer",
        (
            rf"you are (?:now|no longer)(?: (?:an?|the|my|bound|in|named|called|just"
            rf"|to)){{0,2}}{_AS}"
            rf" (?:{_MODEL_EN}|developer mode)",
            r"you are now (?:an? )?(?:jailbroken|unrestricted|unfiltered|free (?:from|of)"
            r"|in (?:developer|dan|god))",
            r"from now on you(?: (?:are|will|must|shall|should|can|only|always|have|to)){0,3}"
            r" (?:act|respond|answer|reply|behave|pretend|speak|output|obey|write only|an? ai)",
            r"do anything now",
        ),
    ),
    Phrases(
        "role_change",
        "pretend imagine unrestrict unfilter uncensor evil jailbr developer god dan",
        (
            rf"(?:pretend|imagine)(?: (?:to be|that|you are"
            rf"|you re)){{1,2}}(?: an?)?{_AS} {_MODEL_EN}",
            rf"(?:act|behave|respond|role ?play) (?:as|like)(?: if you were)?(?: an?)?"
            rf"(?: (?:unrestricted|unfiltered|uncensored|evil|jailbroken)){{1,2}} {_MODEL_EN}",
            r"(?:enable|enter|activate|switch to) (?:developer|dan|jailbreak|god) mode",
        ),
    ),
    Phrases(
        "role_change",
        "desormais maintenant present dorenavant comme",
        (
            r"(?:tu es|vous etes) (?:desormais|maintenant|a present|dorenavant)"
            rf"{_AS} {_MODEL_ROMANCE}",
            r"(?:a partir de maintenant|desormais|dorenavant) (?:tu es|vous etes|tu seras"
            r"|vous serez)"
            rf"{_AS} {_MODEL_ROMANCE}",
            r"(?:a partir de maintenant|desormais|dorenavant) (?:tu|vous)(?: [a-z]{1,8}){0,2}"
            r" (?:reponds|repondras|repondez|repondrez|agis|agiras|agissez|comportes|comporteras"
            r"|obeis)",
            rf"(?:fais|faites) comme si (?:tu etais|vous etiez){_AS} {_MODEL_ROMANCE}",
        ),
    ),
    Phrases(
        "role_change",
        "jetzt nun sofort",
        (
            r"(?:du bist|sie sind|ihr seid) (?:jetzt|nun|ab jetzt|ab sofort|von nun an)"
            rf"{_AS} {_MODEL_DE}",
            rf"(?:ab jetzt|ab sofort|von nun an) (?:bist du|sind sie){_AS} {_MODEL_DE}",
            r"(?:ab jetzt|ab sofort|von nun an)"
            r" (?:antwortest|verhaltst|handelst|gehorchst|schreibst) du",
        ),
    ),
    Phrases(
        "role_change",
        "ahora",
        (
            rf"(?:tu eres|eres|usted es) (?:ahora|desde ahora){_AS} {_MODEL_ROMANCE}",
            r"(?:ahora|a partir de ahora|desde ahora) (?:tu )?(?:eres|seras|usted es|usted sera)"
            rf"{_AS} {_MODEL_ROMANCE}",
            r"(?:a partir de ahora|desde ahora)(?: tu)?"
            r" (?:responde|responderas|actua|actuaras|obedece)",
        ),
    ),
    Phrases(
        "role_change",
        "ora adesso poi",
        (
            rf"(?:tu )?(?:sei|lei e) (?:ora|adesso|d ora in poi){_AS} {_MODEL_ROMANCE}",
            rf"(?:d ora in poi|da ora in poi|da adesso)(?: tu)? (?:sei"
            rf"|sarai){_AS} {_MODEL_ROMANCE}",
            r"(?:d ora in poi|da ora in poi|da adesso)(?: tu)?"
            r" (?:rispondi|risponderai|agisci|agirai)",
        ),
    ),
    Phrases(
        "role_change",
        "agora doravante",
        (
            rf"(?:tu es|voce e) agora{_AS} {_MODEL_ROMANCE}",
            r"(?:a partir de agora|de agora em diante|doravante)(?: (?:tu|voce))? (?:es|e"
            r"|sera|seras)"
            rf"{_AS} {_MODEL_ROMANCE}",
            r"(?:a partir de agora|de agora em diante|doravante)(?: (?:tu|voce))?"
            r" (?:responda|responde|respondera|respondes|aja|age|agira|obedeca)",
        ),
    ),
)

_ADDRESSES = (
    Phrases(
        "model_address",
        "ai llm model bot gpt",
        (
            rf"if you are (?:an? |the )?{_MODEL_EN}(?: (?:model|assistant|agent|system))?(?:\s?,"
            r"| (?:reading|processing|summari[sz]ing|analy[sz]ing|reviewing|then|please|tell|say))",
            r"(?:note|message|instructions?|attention|memo) (?:to|for) (?:the |all |any )?"
            r"(?:ai|llm|language model|chat ?bot|chatgpt)s?"
            r"(?: (?:model|assistant|agent|system)s?)?\s?:",
            r"(?:ai|llm|language model|chat ?bot|chatgpt)s?(?: (?:model|assistant|agent|system)s?)?"
            r" (?:(?:that|who|which) (?:is |are )|when |while )?"
            r"(?:reading|processing|summari[sz]ing|analy[sz]ing) this"
            r" (?:document|text|page|file|e ?mail|cv|resume)",
        ),
    ),
    Phrases(
        "model_address",
        "ia ai llm model bot gpt artificiel artificial",
        (
            r"si (?:tu es|vous etes|eres|usted es|voce e)(?: (?:une?|una|el|la|uma?))?"
            rf" {_MODEL_ROMANCE}(?:\s?,| (?:qui|que|et|y|e|lis|lisez|lee|leia|lendo|leyendo))",
            rf"se (?:sei|voce e|e)(?: (?:una|un|um|uma))? {_MODEL_ROMANCE}"
            r"(?:\s?,| (?:che|que|lendo|leggi))",
        ),
    ),
    Phrases(
        "model_address",
        "falls wenn",
        (rf"(?:wenn|falls) (?:du|sie) (?:eine?n? )?{_MODEL_DE} (?:bist|sind)",),
    ),
)

_SHOW_EN = (
    r"(?:reveal|show|print|repeat|output|display|leak|disclose|expose|recite|write out|tell me"
    r"|give me|what (?:is|are|was|were))"
)
_SHOW_FR = (
    r"(?:revele[rz]?|montre[rz]?|affiche[rz]?|donne[rz]?|repete[rz]?|ecris|ecrivez|imprime[rz]?"
    r"|divulgue[rz]?|recopie[rz]?|quel(?:le)?s? (?:est|sont))"
)
_SHOW_DE = (
    r"(?:zeige?|zeigen sie|verrate?|verraten sie|nenne|nennen sie|wiederhole|wiederholen sie"
    r"|gib|geben sie|offenbare|schreibe?|was (?:ist|sind)|wie laute[nt])"
)
_SHOW_SOUTH = (
    r"(?:revel[ae]|muestr[ae](?:me)?|imprim[ae]|repit[ea]|escrib[ea]|di(?:me|ga)|dame"
    r"|cual(?:es)? (?:es|son)|rivel[ai]|mostr[aei](?:mi)?|stamp[ai]|ripet[ia]|scriv[ia]|dimmi|dammi"
    r"|qual e|quali sono|mostre|repita|repete|escreva|diga(?: me)?|exib[ae]|quais sao"
    r"|divulg(?:a|ue))"
)

_DISCLOSURES = (
    Phrases(
        "prompt_disclosure",
        "prompt instruct guideline message above before",
        (
            rf"{_SHOW_EN}(?: (?:me|us|the|your|its|full|entire|exact|whole|complete|all|of|out"
            r"|verbatim|original|internal|secret)){0,5}"
            r" (?:(?:system|initial|hidden|secret|developer) prompts?|developer messages?"
            r"|(?:initial|hidden|system|secret|developer) instructions)",
            rf"{_SHOW_EN}(?: (?:me|us|all|of|out)){{0,2}} your"
            r"(?: (?:full|entire|exact|original|initial|own|complete)){0,2}"
            r" (?:prompts?|instructions|system messages?|guidelines)",
            r"repeat (?:everything|all|the (?:words|text|conversation)|all the (?:words|text))"
            r" (?:above|before)",
        ),
    ),
    Phrases(
        "prompt_disclosure",
        "prompt instruction consigne invite",
        (
            rf"{_SHOW_FR}(?: (?:moi|nous|le|la|les|l|ton|ta|tes|votre|vos|ce|texte|contenu|de|du"
            r"|integral|exact|tout)){0,5} (?:prompts? (?:systeme|initial|initiaux|cache|secret)"
            r"|invite systeme|instructions (?:systeme|initiales|cachees|secretes))",
            rf"{_SHOW_FR}(?: moi)? (?:ton|tes|votre|vos) (?:prompts?|instructions|consignes)",
        ),
    ),
    Phrases(
        "prompt_disclosure",
        "prompt anweisung systemnachricht",
        (
            rf"{_SHOW_DE}(?: (?:mir|uns|den|die|das|deinen?|ihren?|dein|ihr|gesamten|genauen"
            r"|vollstandigen|internen|alle)){0,4} (?:system ?prompts?|systemanweisung(?:en)?"
            r"|systemnachricht(?:en)?|geheimen anweisungen|ursprunglichen anweisungen)",
            rf"{_SHOW_DE}(?: (?:mir|uns|bitte|alle))? (?:deinen? |dein )(?:[a-z]{{1,20}} )?"
            r"(?:prompts?|anweisungen)",
        ),
    ),
    Phrases(
        "prompt_disclosure",
        "prompt instruccion istruzion instruco",
        (
            rf"{_SHOW_SOUTH}(?: (?:me|mi|el|il|o|la|a|los|las|le|as|tu|tus|su|sus|tuo|tue|teu|seu"
            r"|suas|tuas|completo|texto|de|do|del|exacto|integral)){0,5}"
            r" (?:prompts? (?:(?:del|de|do|di) )?(?:sistema|inicial|iniziale|original|originale"
            r"|oculto|secreto|nascosto|segreto)|(?:instrucciones|instrucoes|istruzioni)"
            r" (?:(?:del|de|do|di) sistema|inicia(?:le)?s|inizial[ie]|ocultas|secretas|nascoste"
            r"|segrete))",
        ),
    ),
)

_USER_DE = r"(?:dem|den|der|die) (?:be)?(?:nutzer|user|anwender)(?:n|in)?"
_THIS_DE = r"(?: (?:es|das|dies|davon|diese|anweisung(?:en)?|uber|hiervon)){0,3}"

_CONCEALMENTS = (
    Phrases(
        "concealment",
        "user",
        (
            r"(?:do not|don ?t|never|must not)"
            r" (?:tell|inform|mention|notify|warn|alert|reveal|disclose|let)"
            r"(?: (?:this|it|that|these|anything|any|of|about|to|the|instructions?|text"
            r"|message)){0,5}"
            r" (?:the|your) users?",
            r"(?:hide|conceal|keep)"
            r"(?: (?:this|it|that|these|instructions?|message|a|secret|hidden|text)){1,4}"
            r" from (?:the|your) users?",
        ),
    ),
    Phrases(
        "concealment",
        "utilisateur",
        (
            r"ne (?:le |la |les |lui )?(?:dis|dites|dire|mentionne[rz]?|revele[rz]?|informe[rz]?"
            r"|previens|prevenez|montre[rz]?|signale[rz]?|parle[rz]?)"
            r"(?: (?:pas|rien|jamais|de|ceci|cela|ca|ces|instructions?|en|du tout)){1,4}"
            r" (?:a |aux |les )?(?:l )?utilisateurs?",
            r"(?:cache[rz]?|dissimule[rz]?) (?:ceci|cela|ca|ces instructions|ce message)"
            r" (?:a l|aux)"
            r" utilisateurs?",
        ),
    ),
    Phrases(
        "concealment",
        "nutzer user anwender",
        (
            r"(?:sage?|sagen sie|teile|teilen sie|informiere|informieren sie|erwahne|erwahnen sie"
            r"|verrate|verraten sie|warne|warnen sie)"
            rf"(?: (?:es|das|dies|davon|bitte|auf|keinen|fall)){{0,3}} {_USER_DE}{_THIS_DE}"
            r" (?:nicht|nichts|niemals|kein)",
            r"(?:erwahne|sage|verrate)(?:n sie)? (?:dies|das|es|diese anweisung(?:en)?)"
            rf" (?:nicht|niemals)(?: gegenuber)? {_USER_DE}",
            rf"(?:verschweige|verheimliche|verbirg)(?:n sie)?{_THIS_DE}(?: vor)? {_USER_DE}",
        ),
    ),
    Phrases(
        "concealment",
        "usuari",
        (
            r"no (?:le |se lo |les )?(?:digas?|diga|menciones?|reveles?|informes?|avises?|cuentes?"
            r"|muestres?|notifiques?)"
            r"(?: (?:esto|eso|nada|de|que|lo|estas|instrucciones|sobre|ello)){0,4}"
            r" (?:al|a la|a los) usuari[oa]s?",
            r"(?:oculta|oculte|esconde|esconda)(?:lo)?"
            r"(?: (?:esto|eso|estas|instrucciones|este|mensaje)){0,2} (?:al|a los|del) usuarios?",
        ),
    ),
    Phrases(
        "concealment",
        "utent",
        (
            r"non (?:dire|dica|dite|menzionare|menzioni|rivelare|riveli|informare|informi|avvisare"
            r"|avvisi|mostrare|comunicare|parlare)"
            r"(?: (?:questo|cio|nulla|niente|di|queste|istruzioni|lo|ne|a)){0,4}"
            r" (?:all|l|agli|gli|al) utent[ei]",
            r"(?:nascondi|nasconda|nascondere|occulta)"
            r"(?: (?:questo|cio|queste|istruzioni|il|messaggio)){0,2} (?:all|agli|dall) utent[ei]",
        ),
    ),
    Phrases(
        "concealment",
        "usuario utilizador",
        (
            r"nao (?:o |lhe )?(?:diga|digas|mencione|menciones|revele|informe|avise|conte|mostre"
            r"|notifique)"
            r"(?: (?:isto|isso|nada|de|disto|disso|que|estas|instrucoes|sobre|as)){0,4}"
            r" (?:ao|o|a|aos|para o) (?:usuario|utilizador)(?:es|s)?",
            r"(?:oculte|esconda|esconde|oculta)(?: (?:isto|isso|estas|instrucoes|esta"
            r"|mensagem)){0,2}"
            r" (?:do|ao|dos) (?:usuario|utilizador)(?:es|s)?",
        ),
    ),
)

IN_WORDS = (*_OVERRIDES, *_ROLES, *_ADDRESSES, *_DISCLOSURES, *_CONCEALMENTS)

IN_SIGNS = (
    Phrases(
        "control_token",
        "<| inst] sys>> _of_turn> ### no_answer <",
        (
            r"<\|[^\s<>|]{1,40}\|>",
            r"\[/?inst\]",
            r"<</?sys>>",
            r"<(?:start|end)_of_turn>",
            r"###\s?(?:instruction|human|assistant)s?\s?:",
            r"<\s?q\s{1,4}s\s?=",
            r"<\s?src\s{1,4}n\s?=|<\s?/\s?src\s?>",
            r"(?<![a-z0-9_])no_answer(?![a-z0-9_])",
        ),
    ),
    Phrases(
        "exfiltration",
        "![",
        (r"!\[[^\[\]]{0,120}\]\(\s?https?://[^()\s?]{1,300}\?[^()\s]{1,300}",),
    ),
)
