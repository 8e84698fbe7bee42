"""How the desk looks: the queue beside the conversation, on a phone one after the other."""

from mainstay.transports.rest.looks import STYLE

SHEET = (
    STYLE
    + """
[hidden]{display:none!important}
body{height:100dvh;display:flex;flex-direction:column;overflow:hidden}
header.bar{max-width:none;width:100%;margin:0;padding:.5rem 1rem;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;
align-items:center;border-bottom:1px solid var(--line)}
header.bar h1{font-size:1.05rem;margin:0}header.bar p{margin:0;color:var(--soft)}
header.bar a{margin-left:auto;padding:.3rem 0}
.notice{margin:0;padding:.5rem 1rem;display:flex;flex-wrap:wrap;gap:.3rem 1rem;align-items:center;
border-left:.4rem solid var(--delete);border-bottom:1px solid var(--line);background:var(--box)}
.notice p{margin:0}.notice button{margin:0}
main.desk{max-width:none;width:100%;margin:0;padding:0;flex:1;min-height:0;display:grid;
grid-template-columns:minmax(17rem,24rem) 1fr}
#queue{border-right:1px solid var(--line);overflow-y:auto;padding:.6rem;min-width:0}
#queue h2{font-size:.82rem;letter-spacing:.02em;color:var(--soft);margin:.9rem .5rem .3rem;
display:flex;justify-content:space-between}#queue div:first-of-type>h2{margin-top:.2rem}
#queue ul{list-style:none;margin:0;padding:0}
.entry{display:block;width:100%;text-align:left;margin:0 0 .2rem;padding:.55rem .6rem;background:none;
color:var(--ink);border:1px solid transparent;border-radius:.5rem;min-height:2.75rem}
.entry:hover{background:var(--box)}
.entry[aria-current]{background:var(--box);border-color:var(--line);box-shadow:inset .25rem 0 var(--link)}
.asked{display:-webkit-box;-webkit-line-clamp:2;-webkit-box-orient:vertical;overflow:hidden;
overflow-wrap:anywhere}
.facts{display:flex;flex-wrap:wrap;gap:0 .7rem;color:var(--soft);font-size:.87rem;margin-top:.15rem}
.since{margin-left:auto;font-variant-numeric:tabular-nums}.late{color:var(--delete);font-weight:600}
.hint{color:var(--soft);padding:.6rem}
#nothing{display:grid;place-content:center;padding:2rem;color:var(--soft);text-align:center}
#nothing p{margin:.2rem 0}
#talk{display:flex;flex-direction:column;min-width:0;min-height:0}
.top{display:flex;flex-wrap:wrap;gap:.3rem .8rem;align-items:center;padding:.6rem 1rem;
border-bottom:1px solid var(--line)}
.top h2{margin:0;font-size:1.05rem}.top h2:focus{outline:none}.top p{margin:0}
#state{flex-basis:100%;font-size:.92rem;color:var(--soft)}
#state[data-state=waiting]{color:var(--delete)}#state[data-state=mine]{color:var(--get)}
.acts{margin-left:auto;display:flex;flex-wrap:wrap;gap:.4rem}
.acts button,.reply-row button{margin:0;padding:.4rem .9rem;min-height:2.4rem}
button.quiet{background:none;color:var(--link)}button:disabled{opacity:.55;cursor:default}
#back{display:none;margin:0;padding:.4rem .7rem;min-height:2.4rem}
#log{flex:1;overflow-y:auto;padding:1rem;min-height:0}
#turns{list-style:none;margin:0 auto;padding:0;max-width:46rem}
.said,.reply{max-width:min(36rem,92%);margin:0 0 .9rem}
.reply{margin-left:auto}
.by{margin:0 0 .15rem;font-size:.82rem;color:var(--soft)}.reply .by{text-align:right}
.text{margin:0;padding:.55rem .8rem;border-radius:.8rem;background:var(--box);border:1px solid var(--line);
white-space:pre-wrap;overflow-wrap:anywhere;width:fit-content;max-width:100%}
.said .text{border-bottom-left-radius:.2rem}
.reply .text{border-bottom-right-radius:.2rem;margin-left:auto;background:var(--paper)}
.reply.person .text{border-color:var(--link);box-shadow:inset 0 0 0 1px var(--link)}
.judged{display:flex;flex-wrap:wrap;gap:.2rem .7rem;align-items:baseline;font-size:.85rem;margin-top:.3rem}
.chip{color:var(--soft)}.corrected{margin:0;color:var(--get)}
details.correct,details.sources{border:0;padding:0;margin:0}
details.correct summary,details.sources summary{padding:.1rem 0;color:var(--link);font-size:.85rem}
details.correct[open]{flex-basis:100%;border:1px solid var(--line);border-radius:.5rem;padding:.4rem .7rem}
details.sources{margin-left:auto;width:fit-content;max-width:100%}
.sources li{margin:.3rem 0}.sources strong{display:block}.sources q{color:var(--soft)}
select,#text{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--soft);
border-radius:.4rem;padding:.45rem .6rem;max-width:100%}
.correct button{margin:.4rem .5rem;padding:.35rem .9rem}.correct select{min-height:2.4rem}
#problem{margin:0;padding:.5rem 1rem;border-left:.4rem solid var(--delete);background:var(--box)}
#reply{border-top:1px solid var(--line);padding:.6rem 1rem calc(.6rem + env(safe-area-inset-bottom))}
#reply label{margin:0 0 .2rem;font-weight:600;font-size:.92rem}
#text{width:100%;min-height:4.2rem;max-height:30dvh;resize:vertical;display:block}
.reply-row{display:flex;justify-content:space-between;align-items:center;gap:1rem;margin-top:.4rem}
.reply-row span{color:var(--soft);font-size:.85rem}
.offline #reply button,.offline .acts button{opacity:.55}
.away{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(max-width:48rem){main.desk{grid-template-columns:1fr}
#queue{border:0}body[data-view=talk] #queue,body[data-view=list] #talk,#nothing{display:none}
#back{display:block}.top{padding:.5rem .7rem}#log{padding:.7rem}.acts{margin-left:0;flex-basis:100%}
.acts button{flex:1}header.bar{padding:.4rem .7rem}header.bar p{display:none}
body[data-view=talk] header.bar{position:absolute;width:1px;height:1px;
overflow:hidden;clip-path:inset(50%);padding:0;border:0}body[data-view=talk] header.bar a{display:none}
.reply-row span{display:none}.reply-row button{flex:1}}
@media(forced-colors:active){.entry[aria-current]{border-color:Highlight}}
"""
)
