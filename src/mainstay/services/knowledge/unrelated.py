"""Texts that have nothing to do with each other: their cosines tell where an encoder's scale begins."""

UNRELATED = (
    "The glacier retreated forty metres up the valley during the warm summer.",
    "Preheat the oven and knead the dough until it no longer sticks to the bowl.",
    "The court dismissed the appeal because the contract had not been signed.",
    "A goalkeeper may not touch the ball with the hands outside the penalty area.",
    "Enzymes lower the energy that a reaction needs to begin.",
    "Our invoice is payable within thirty days by bank transfer.",
    "The string quartet tuned their instruments before the second movement.",
    "Restart the router and wait until the green light stops blinking.",
    "Medieval monks copied manuscripts by hand in the scriptorium.",
    "The patient complained of a mild headache after the vaccination.",
    "Ferries to the island leave every two hours from the northern pier.",
    "Prune the roses in early spring, just above an outward-facing bud.",
)
"""Twelve sentences, each from a walk of life of its own."""
