"""python fuzz.py SEED COUNT RULE [limits]: the front door beside the oracle."""
import random, sys, time, collections
import graphflow as gf
from tests.strategies import Writer, Features, random_question
from tests.test_tracing_properties import case_of, carried, ends, chains, converts
from tests.test_tracing_properties import major, reference
from tests.naive.oracle import Oracle, RefusedError
seed,count,rule=int(sys.argv[1]),int(sys.argv[2]),sys.argv[3]
limits="limits" in sys.argv; party="party" in sys.argv; coord="coordinated" in sys.argv; gaps="gaps" in sys.argv
rng=random.Random(seed); n=bad=refused=0
while n<count and bad<4:
    s=rng.randrange(2**40); r=random.Random(s)
    yes=lambda: r.random()<.33
    w=Features(order=r.choice(("sequence","sides","times","balances")),converts=yes(),transit=yes(),fees=yes(),reversals=yes(),custody=yes(),clearing=yes(),kinds=yes(),coverage=r.choice(("none","none","short","table")),dates=r.random()<.1,overdrafts=yes(),parties=True,vague=False,large=yes(),most=r.choice((6,20,40)),**({"gaps":True} if gaps else {}))
    t=Writer(r,w).tables(); q=random_question(r,t,limits,True)
    kw={}
    if party: kw["by"]="party"
    if coord: kw["overdraft"]="coordinated"
    if gaps: kw["cash_gaps"]=True
    if rule=="poison": q=q.__class__(q.refs,q.backward,q.currency,q.since,q.until,q.max_hops,0)
    if rule=="libr": q=q.__class__(q.refs,False,q.currency,q.since,q.until,q.max_hops,q.min_amount)
    try: case=case_of(t); case.ledger
    except gf.InputError: continue
    o=Oracle(t)
    try: e=o.trace(list(q.refs),rule,**q.settings(),**kw)
    except RefusedError: e=None
    except Exception as x:
        if type(x).__name__=="TooLongError": continue
        raise
    if "contradictory order" in o.rows.breaks: continue
    lim={k:v for k,v in (("max_hops",q.max_hops),("min_amount",major(q.min_amount) if q.min_amount else None)) if v is not None}
    try: a=gf.trace(case,reference(q.refs),rule=rule,backward=q.backward,currency=q.currency,since=q.since,until=q.until,**lim,**kw)
    except gf.UsageError as x: a=None; err=x
    if (a is None)!=(e is None):
        bad+=1; print("REFUSAL",s,q,a,None if a else err,e and e.seed); continue
    if a is None: refused+=1; continue
    n+=1
    nothing = rule=="poison"
    loose = rule in ("prorata","libr") and (q.max_hops is not None or q.min_amount)
    local = nothing or (rule in ("prorata","libr") and converts(t))
    def val(v): return v[0] if local else tuple(v)
    names=(a.transfers["transfer_id"],a.transfers["traced"].tolist(),[0]*len(a.transfers) if nothing else a.transfers["seed_amount"].tolist())
    mine={x:val((y,z)) for x,y,z in zip(*names) if y}
    theirs={k:val(v) for k,v in e.transfers.items() if v[0]}
    f=a.ends; acc=f["account_id"].where(f["account_id"].notna(), f["party_id"]) if party else f["account_id"]
    em=collections.Counter()
    for k,ac,c,am,se in zip(f["kind"],acc,f["currency"],f["amount"].tolist(),[0]*len(f) if nothing else f["seed_amount"].tolist()):
        if am or (se and not local): em[k,ac,c]=val((am,se))
    eo={k:val(v) for k,v in e.ends.items() if v[0] or not local}
    if not loose and (mine!=theirs or dict(em)!=eo):
        bad+=1; print("DIFF",s,q,w,len(t["transfers"])); print({k:(mine.get(k),theirs.get(k)) for k in {*mine,*theirs} if mine.get(k)!=theirs.get(k)}); print({k:(em.get(k),eo.get(k)) for k in {*em,*eo} if em.get(k)!=eo.get(k)})
        continue
    if rule in ("fifo","lifo"):
        if chains(a)!=e.chains:
            bad+=1; print("CHAINS",s,q); A=chains(a); B=e.chains; print({k:(A.get(k),B.get(k)) for k in {*A,*B} if A.get(k)!=B.get(k)})
    elif rule!="poison" and not loose:
        assert sum(x.amount for x in a.iter_chains())==a.seed
print(rule,n,"compared",bad,"bad",refused,"refused")
