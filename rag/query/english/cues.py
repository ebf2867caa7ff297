"""Cue phrases of answer forms for English questions: which words ask for a list, for steps, for a comparison.

Cues are written in lower case, with single spaces and straight apostrophes. Gaps in them are bounded, so that each is
matched in constant time at one place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from rag.domain.values import Form

AUXILIARY: Final = (
    r"(?:(?:is|are|was|were|do|does|did|could|would|should|might|must|has|have|had)(?:n't)?"
    r"|am|may|need|can(?:'?t|not)?|will|won't|shall)"
)
ASKING: Final = r"(?:what|which|who|whom|whose|when|where|why|how)"
# "In which", "for how long".
AT: Final = (
    r"(?:(?:about|after|against|at|before|between|by|during|for|from|in|into|of|on|over|per|since|through|to|under|"
    r"until|upon|with|within) )?"
)
# "How many", "how long": one value is asked for.
DEGREE: Final = (
    r"(?:many|much|long|old|often|far|fast|high|big|large|tall|wide|deep|heavy|hot|cold|soon|quick|quickly|late|early|"
    r"likely|well|thick|loud|small|strong|expensive|close|frequently|good|bad|low|short|strict|safe|reliable)"
)
_SUBJECT_NOUNS: Final = (
    r"(?:user|member|employee|student|customer|owner|patient|applicant|worker|visitor|guest|tenant|person|reader|"
    r"author|"
    r"driver|operator|manager|supplier|participant|claimant|policyholder|contractor|citizen|resident|parent|developer|"
    r"administrator|buyer|client|pupil|volunteer)s?"
)
# Whoever follows a procedure.
PERSON: Final = (
    rf"(?:i|we|you|one|he|she|they|somebody|someone|anybody|anyone|people|staff"
    rf"|(?:(?:an?|the|our|my|your|all|each) )?(?:new |former |full |part-time |international )?{_SUBJECT_NOUNS})\b"
)
# What one asks a program to write or to draw.
TEXTS: Final = (
    r"(?:e-?mails?|letters?|poems?|songs?|stor(?:y|ies)|essays?|blog ?posts?|articles?|tweets?|speech|code|scripts?|"
    r"program|"
    r"function|jokes?|haiku|limerick|reply|message|press release|proposal|novel|lyrics|sql|html|javascript|quiz|"
    r"review)\b"
)
PICTURES: Final = (
    r"(?:pictures?|images?|diagrams?|charts?|graphs?|plots?|drawings?|logos?|maps?|illustrations?|presentations?|"
    r"slides?|powerpoint|mind ?maps?|flow ?charts?|videos?|audio|podcast|infographics?|sketch)\b"
)
_IS: Final = r"(?:'s| is| are| was| were)"
_COULD_BE: Final = rf"(?:{_IS}| (?:could|can|might|may|would) be)"
_THE: Final = r"(?: the| a| an| any| all the| all| some| our| my| your| its| their| these)?"
_NUMBER: Final = r"(?:\d+|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
_GIVE: Final = r"(?:give|tell|show|send|bring|get|provide|list|state|name|write|find|need|want|make|prepare)"
_GIVE_ME: Final = rf"(?:(?:i )?{_GIVE}(?: me| us)?(?: with)? )?"
_A_LIST: Final = (
    r"(?:(?:an?|the) (?:full |complete |short |bulleted |bullet |bullet-point |numbered |simple )?(?:list|checklist))"
)
_CHOOSE: Final = r"(?:choose|pick|take|buy|get|select|use|go for|go with|prefer|opt for|sign up for|order)"
_ATTRIBUTE: Final = (
    r"(?:[\w-]+ )?(?:brand|make|kind|type|sort|grade|size|colou?r|amount|number|temperature|setting|value)"
)
_REASON: Final = r"(?:reasons?|causes?|rationale|explanation|logic|idea|motivation|significance|purpose|thinking)"
_MAIN: Final = r"(?:main|key|central|principal|most important|major|chief|core|essential|overall)"
# "May I bring", "must I not wear", "am I allowed to use".
_ALLOWED: Final = (
    r"(?:do|does|don't|should|shouldn't|must|mustn't|can|can't|cannot|could|may|will|am|are|is|aren't|isn't)"
)
_TAKEN: Final = (
    r"(?:(?:allowed|permitted|supposed|required|expected|forbidden|entitled|able|going|advised) (?:to )?)?"
    r"(?:wear|bring|pack|take|carry|include|submit|provide|enclose|show|present|prepare|eat|drink|plant|keep|store|"
    r"claim|deduct|buy|order|borrow|sell|avoid|watch out|contact|read|study|learn|attach|declare|register|report|"
    r"install|connect|upload|share|post|print|copy|record)\b"
)
# Nouns without a plural, of which there may be several kinds.
_MASS: Final = (
    r"(?:ids?|identification|clothing|clothes|equipment|gear|luggage|baggage|food|paperwork|documentation|information|"
    r"evidence|proof|damage|training|furniture|medication|medicine|software|hardware|waste|behaviou?r|work|content|data|"
    r"cover|coverage|insurance|help|support|footwear|jewell?ery|property|stuff|expenditure|spending|treatment|care)"
)
_PERMITTED: Final = (
    r"(?:covered|included|excluded|allowed|permitted|forbidden|banned|prohibited|exempt|exempted|required|needed|eligible"
    r"|accepted|acceptable|insured|recommended|reimbursed|refundable|deductible)"
)
_RULES: Final = (
    r"(?:information|info|details?|anything|something|everything|particulars|specifics|rules?|terms|conditions|"
    r"policy|policies|regulations?|provisions?|guidelines?|guidance|coverage|arrangements?|stance|position|advice|"
    r"recommendations?)"
)
_ON: Final = r"(?:about|on|for|of|regarding|concerning|when|in|under|governing|around|with|to|if|as to|surrounding)"
# Participles of what one does in steps: "how is the filter replaced".
_DONE: Final = (
    r"(?:(?:un)?installed|removed|replaced|cleaned|reset|adjusted|(?:dis)?assembled|dismantled|mounted|"
    r"(?:dis)?connected|"
    r"refilled|emptied|drained|performed|carried out|done|conducted|tested|calibrated|configured|(?:de)?activated|"
    r"turned o(?:n|ff)|switched o(?:n|ff)|submitted|filed|requested|registered|applied for|cancelled|renewed|swapped|"
    r"restarted|completed|levell?ed|lubricated|greased|prepared|ordered)"
)

# Searched for anywhere in a question, in this order.
_ANYWHERE: Final[Mapping[Form, tuple[str, ...]]] = {
    "comparison": (
        r"(?<!make a )(?<!makes a )(?<!made a )(?<!make any )(?<!makes no )\bdifferences? (?:between|in|of|from|to)\b",
        r"\b(?:the|any|main|key) differences?$",
        r"\bdiffer(?:s|ed)?\b",
        r"\bdifferent(?:ly)?(?: (?:from|to|than|between|in|when|under|for|with|on|at)\b|$)",
        r"^(?:compare|(?:give (?:me )?|make )?an? comparison)\b",
        r"\b(?:versus|vs)\b",
        r"\b(?:contrast|distinguish(?:es)?)\b",
        r"\bsimilarit(?:y|ies) (?:between|of)\b|\bin common\b|\bhow similar\b",
        r"\badvantages? of .{1,80} over\b",
        r"^what(?:'s| has| have| was| were)? chang(?:ed|es|ing) (?:between .{1,80} and|from .{1,80} to)\b",
        r"\b(?:better|worse|cheaper|safer|faster|stricter|higher|lower|longer|shorter|larger|smaller) (?:in|with|under|"
        r"for|on|at) .{1,80} or\b",
        r"^how (?:are|is) .{1,80} similar\b",
        # Recommendations.
        rf"\bwhich\b.{{0,80}} (?:should|shall|would|must|do|could) (?:i|we|you|one)\b.{{0,30}}\b{_CHOOSE}\b",
        rf"^(?:should|shall|would|do) (?:i|we|you|one)\b.{{0,30}}\b{_CHOOSE}\b.{{1,80}}\bor\b",
        r"\bwhich\b.{0,60} (?:better|best|right|suitable|cheaper|cheapest) (?:for (?:me|us|my|our|an?|some\w+)|choice|"
        r"option)\b",
        r"\bwhich (?:one |of (?:the (?:two|three)|them|these|those) )?(?:is|are) (?:the )?(?:better|best|cheaper|safer|"
        r"faster)\b",
        # The kind, make or size of a thing is a fact that the documents recommend, or do not.
        rf"\bwhich (?!{_ATTRIBUTE}\b).{{0,80}} (?:do|would|can|could) you (?:recommend|suggest|advise)\b",
        r"\b(?:can|could) you (?:recommend|suggest)\b|^(?:recommend|suggest)\b",
        r"\b(?:is|would) it (?:be )?better to\b.{1,80}\bor\b",
    ),
    "table": (
        r"\b(?:make|create|build|draw|produce|generate|prepare|compile|format|arrange|organi[sz]e|put|present|show|"
        r"give|list|summari[sz]e|want|need|like|write|return|display|print|get|provide)\b.{0,120} (?:table|grid|"
        r"spreadsheet)\b(?! (?:of contents|\d))",
        r"\btabulate\b|\btabular (?:form|format|overview)\b|\b(?:in|as|into) (?:table|spreadsheet|csv) form",
        rf"\b(?:all|each|every)(?: of)?(?: the)?(?: {_NUMBER})? (?:rows?|figures?|columns?|cells?)\b",
        rf"\ball(?: the)? {_NUMBER} (?:values|numbers|entries|amounts)\b",
        r"\b(?:broken down|break it down|break them down|breakdown .{1,80}|break down .{1,80}) by\b",
        r"^(?:show|list|give|put|present) .{0,120} (?:row by row|year by year|month by month|side by side)\b",
    ),
}

# Matched where a question begins, in this order.
_AT_START: Final[tuple[tuple[Form, tuple[str, ...]], ...]] = (
    (
        "overview",
        (
            rf"{_GIVE_ME}(?:an? |the |your )?(?:[\w-]+ ){{0,2}}(?:overview|summary|outline|synopsis|gist|digest|"
            r"rundown)\b(?! (?:page|table))",
            r"(?:summari[sz]e|recap|tl;?dr|sum up|sum .{1,80} up|outline)\b",
            r"(?:what|which)(?:'s| is| are| was| were) .{1,200} about$",
            r"what (?:do|does|did) .{1,200} (?:deal with|talk about)$",
            rf"(?:what{_IS}|{_GIVE}(?: me| us)?|describe|explain)? ?(?:the |its |their |some |"
            rf"most )*{_MAIN} (?:findings?|points?|ideas?|results?|"
            r"messages?|take-?aways?|conclusions?|contributions?|themes?|topics?|arguments?|highlights?|insights?)\b",
            r"what(?:'s| is| does) (?:in |on )?(?:the )?(?:chapter|section|page|appendix|annex) [\divxlc]+\b",
            r"(?:what|which) (?:topics|subjects|themes|areas) (?:do|does|are|is) ",
        ),
    ),
    (
        "how_to",
        (
            rf"how (?:else )?(?:do|can|could|should|shall|would|must|may|might|am|will|did|are) (?:\w+ )?{PERSON}",
            rf"how does (?:one|somebody|someone|anyone|an? (?:\w+ )?{_SUBJECT_NOUNS})\b",
            r"how (?:to|i|we|you|one)\b",
            r"how (?:does|do) an? (?:[\w-]+ ){1,3}(?:become|apply|get|join|enrol|register|file|make|claim|"
            r"request)\b",
            r"how (?:should|must|can|could|may) .{1,120} be \w",
            rf"how .{{1,140}} {_DONE}\b",
            rf"(?:what|which){_IS}?{_THE}(?: [\w-]+){{0,2}} (?:steps?|process|procedures?|protocol|instructions|ways?|"
            r"methods?|workflow)(?: (?:and|or) [\w-]+)? "
            r"(?:to|for|of|when|in|by|involved|required|needed|if|do|should|must|i|we|you)\b",
            rf"{_GIVE_ME}(?:down |out )?(?:the )?(?:\w+ )?(?:steps?|procedure|instructions) (?:to|for|of|on|when)\b",
            r"(?:walk|guide|talk|take|lead) (?:me|us) (?:\w+ )?through\b",
            r"(?:show|teach|tell|explain to|help) (?:me|us) (?:how )?(?:to|i|we|you|one)\b|help (?:me|us)\b",
            r"what (?:else )?(?:should|shall|must|can|could|do|would|might|am|are|will|may|have|"
            rf"has) (?:\w+ )?{PERSON}(?: \w+){{0,4}} do\b",
            r"what (?:else )?(?:should|must|can|could|has to|needs to|is to|ought to) (?:\w+ )?be done\b",
            r"what (?:steps|measures|actions|precautions) (?:should|must|can|do|are|need|have to|to)\b|what to do\b|"
            r"where do (?:i|we) (?:start|begin)\b",
            r"(?:is|are) there (?:an?|any) (?:\w+ )?(?:ways?|methods?|procedure) (?:to|of|for)\b",
        ),
    ),
    (
        "explain",
        (
            r"(?:for what reason|to what end|why|how come|explain|elaborate|clarify|define|analy[sz]e|assess|examine|"
            r"evaluate)\b",
            r"what (?:causes?|caused|makes?|made|leads? to|led to|explains?|explained|triggers?|triggered|drove|"
            r"prompted)\b",
            r"what (?:went|goes|has gone|is going) (?:wrong|on)\b|what happened(?! to)\b",
            rf"what{_COULD_BE}{_THE}(?: \w+)? {_REASON}(?: (?:for|of|behind|why|that|to|in)\b|$)",
            r"what(?:'s| is| was) (?:so |the )?(?:wrong|bad|special|good|important|dangerous|harmful|matter|"
            r"problem) (?:with|about)\b",
            r"what(?:'s| is| was) the (?:whole )?point (?:of|in)\b",
            r"what(?:'s| is) (?:meant|the meaning)\b|what (?:do|does|did) .{1,60} mean\b",
            r"what (?:role|job|part|function|effect|impact|influence) (?:do|does|did|has|have|will|would)\b",
        ),
    ),
    (
        "about",
        (
            r"what (?:else )?(?:do|does|did|would|can|could|must|should|will|has|have) .{1,160}\b(?:say|said|state|"
            r"stated|"
            r"tell|offer|offered|provide|provided|cover|require|mention|promise|guarantee|specify|stipulate|recommend|"
            r"advise|prohibit|discuss|discussed|debate|decide|conclude|propose|announce|talk about|speak about|"
            r"known|written|agreed|grant|expect)\b",
            r"what (?:must|should|shall|can|may|did|does|do|will) .{1,100}\bdo(?: (?:under|in|at|for|with|by|after|"
            r"before|if|when)\b.*)?$",
            r"what \w+ (?:is|was) there (?:for|in|at|near|on|around)\b",
            r"what (?:\w+ )?(?:support|help|coverage|assistance|protection|training|information|guidance|advice|"
            r"details) "
            r"(?:do|does|did|is|are|was|were|can|will)\b",
            r"what (?:is|was|has been|got) (?:said|stated|written|known|agreed|stipulated|reported|offered|provided|"
            r"discussed|debated|decided|proposed|announced|voted on|talked about|covered|presented)\b",
            r"(?:tell|inform|brief|teach)(?: me| us)?(?: [\w-]+){0,3} (?:about|on)\b",
            r"(?:what|how) about\b|(?:describe|discuss)\b",
            rf"(?:what{_IS}|which|what|{_GIVE}(?: me| us)?|any|are there|"
            rf"is there)?{_THE}(?: [\w-]+)? ?\b{_RULES} {_ON}\b",
            r"what (?:happens|happened|would happen|will happen|becomes)\b|what do (?:you|we) know\b",
            r"what(?:'s| is| was| are) .{1,100} like$",
            # For the conditions of something, not for a date.
            r"when (?:can|can't|cannot|may|might|could)\b",
        ),
    ),
    (
        "list",
        (
            r"(?:list|enumerate|name)\b",
            r"(?:give|show|tell|send|find|state|identify|provide|quote|mention|make|create|build|write|compile|prepare|"
            r"produce|collect|gather|get|present|display|print|draw up|put together)(?: me| us)?(?: down| out)? "
            rf"(?:all|every|each|both|{_A_LIST}|the names)\b",
            r"(?:what|which)(?: all)?(?: \w+)? (?:comes?|ships|is (?:all )?included|are (?:all )?included|"
            r"is supplied) (?:in|with|along)\b",
            r"(?:what|which) (?:[\w-]+ )?(?:kinds|types|sorts|forms|categories|classes|things|items|options)\b",
            r"what (?:else )?(?:do|does|did) .{1,160}\b(?:include|contain|consist of|comprise|come with|exclude)\b",
            rf"(?:what|which|who) (?:is|are|was|were|isn't|aren't) (?:not |also |all )?{_PERMITTED}\b",
            # "What can't I wear?", "What ID do I need?": of what may, must or must not be done there is more than one.
            rf"what (?:all )?{_ALLOWED} {PERSON} (?:not |never )?(?:need\b|have to\b|{_TAKEN})",
            rf"(?:what|which) (?:[\w-]+ ){{0,2}}{_MASS} (?:(?:do|does|will|would) {PERSON} (?:need|have to|require)\b"
            rf"|{_ALLOWED} {PERSON} (?:not |never )?{_TAKEN})",
            rf"(?:what|which) (?:[\w-]+ ){{0,2}}{_MASS} (?:[\w-]+ ){{0,5}}?(?:is|are|isn't|aren't|was|were) "
            rf"(?:not |never |also |all |generally )?{_PERMITTED}\b",
            r"what (?:else )?(?:should|must|can|might) .{1,80}\b(?:consider|be aware of|keep in mind|look for|discuss|"
            r"check|know|remember)\b",
            r"what (?:are|were)(?: (?:the|some|all|its|their|your|our|my))+ ",
            r"what (?:\w+ ){1,2}(?:are|were) (?:there|available|on offer|offered|provided)\b",
            r"what (?:all )?(?:am|are|is|was|were) .{1,100}\bresponsible for\b",
            r"who (?:are|were)\b|what (?:else|all)\b|who all\b",
        ),
    ),
    ("explain", (rf"how(?:'s|'re)? (?!{DEGREE}\b)\S",)),
)


def _any_of(patterns: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))


CUES_ANYWHERE: Final = {form: _any_of(patterns) for form, patterns in _ANYWHERE.items()}
CUES_AT_START: Final = tuple((form, _any_of(patterns)) for form, patterns in _AT_START)
OVERVIEW: Final = dict(CUES_AT_START)["overview"]

# "In simple words" and "step by step" decide where the question itself is open.
SIMPLY: Final = re.compile(r"\bin (?:very )?(?:simple|plain|easy|layman's|everyday) (?:words|terms|language|english)\b")
STEP_BY_STEP: Final = re.compile(r"\bstep[- ]by[- ]step\b")
BRIEFLY: Final = re.compile(
    rf"\bin (?:just )?(?:a few|a couple of|{_NUMBER}|one|no more than \d+|at most \d+) (?:short )?(?:sentences?|lines|"
    r"paragraphs?)\b"
)
# These compare where a question asks neither for one value nor for yes or no.
COMPARED: Final = re.compile(
    r"^comparing\b|\b(?:when|by) comparing\b|\bcompare[sd]\b|\b(?:do|does|did|would) .{1,100}\bcompare\b"
)
# A bare noun phrase that asks for what is said about something: "rules for night shifts".
RULES_FOR: Final = re.compile(rf"(?:the )?(?:\w+ )?{_RULES} {_ON}\b")
