import sys,time
from rules import Rules
import scenarios, canonical
def explore(world, rules):
    start = rules.init(world.config, [e.cert for e in world.electors], [r.cert for r in world.roots], [c.cert for c in world.certs])
    seen={start}
    layer=[start]
    n=0
    for depth in range(world.depth):
        nxt=[]
        for store in layer:
            for now in world.instants:
                for f in world.files:
                    new, rep = rules.apply(store, now, f.session)
                    n+=1
                    if new not in seen:
                        seen.add(new); nxt.append(new)
        layer=nxt
        print(world.name, depth+1, len(seen), n, flush=True)
        if len(seen)>int(sys.argv[2]): break
    return seen
for f in scenarios.ALL:
    if 1:
        w=f()
        if sys.argv[1] not in ('all', w.name): continue
        print(w.name, len(w.files)); t=time.time(); explore(w, Rules()); print(time.time()-t)
