"""Whose money, written to be read: every pot has what each seed has in it, in whole units and as a share."""

from __future__ import annotations

from collections import defaultdict

LEAST = 1e-9


def divide(whole, exact, count, stays, kept, rest):
    """Whole parts of what each claimant should have, no more than it has, then a unit each to the greatest rest."""
    kept[:count] = shared_out(list(whole[:count]), list(exact[:count]), stays)


def shared_out(whole, exact, stays):
    left, kept = int(stays), []
    for units, share in zip(whole, exact, strict=True):
        kept.append(max(min(int(share), int(units), left), 0))
        left -= kept[-1]
    while left:
        able = [i for i in range(len(kept)) if kept[i] < whole[i]]
        best = max(able, key=lambda i: (exact[i] - kept[i], -i))
        kept[best] += 1
        left -= 1
    return kept


def split_claims(steps, enters, pots, seeds):
    """What every step carries of each seed's money, and what stands in each pot in the end."""
    held = [{} for _ in range(pots)]  # by seed: whole units, share; the latest to come first
    parts = []
    begins = defaultdict(list)
    for at, pot, amount, number in enters:
        begins[int(at), pot >= 0].append((int(pot), int(amount), int(number)))
    for s in range(len(steps) + 1):
        for pot, amount, number in begins[s, True]:
            held[pot] = {number: [amount, float(amount)], **held[pot]}
        if s == len(steps):
            break
        step = steps[s]
        pays, lent, payee = int(step["amount"]), int(step["repaid"]), int(step["dst"])
        moves = []  # seed, whole units, share
        if begins[s, False]:
            moves = [(begins[s, False][0][2], pays, float(pays))]
        elif held[int(step["src"])]:
            pot = held[int(step["src"])]
            total, together = sum(units for units, _ in pot.values()), 0.0
            for _, share in pot.values():
                together += share
            stays = total - pays
            exact = [share * (float(stays) / together) for _, share in pot.values()]
            kept = shared_out([units for units, _ in pot.values()], exact, stays)
            for (number, (units, share)), left, stay in zip(list(pot.items()), kept, exact, strict=True):
                gone = share * (float(total) / together) - stay
                if units > left or gone > LEAST:
                    moves.append((number, units - left, gone))
                pot[number] = [left, stay]
                if left == 0 and stay < LEAST:
                    del pot[number]
        part = float(lent) / float(pays) if pays else 0.0
        to_lender = [share * part for _, _, share in moves]
        repaid = shared_out([units for _, units, _ in moves], to_lender, lent) if moves else []
        for (number, units, share), back, lost in zip(moves, repaid, to_lender, strict=True):
            if units:
                parts.append((s, number, units, back))
            if step["flags"] & 7 or (units == back and share - lost < LEAST):
                continue
            if number not in held[payee]:
                held[payee] = {number: [0, 0.0], **held[payee]}
            held[payee][number][0] += units - back
            held[payee][number][1] += share - lost
    left = [(pot, n, units) for pot, mine in enumerate(held) for n, (units, _) in mine.items() if units]
    return parts, left
