"""What was learned about when to answer; written by `scripts/calibrate_answers.py`, not by hand.

Data: XQuAD in English (google-deepmind/xquad, CC BY-SA 4.0), 48 articles, 240 paragraphs, 1,190 questions.
Learned from articles 0, 2, 4 … 46; the odd ones are unseen. Unanswerable: questions whose paragraph was
held out (a quarter of them, or whole articles; collections of all, three and one articles). Seed 7.
Encoder of TOKENS: all-MiniLM-L6-v2, int8. Threshold: as far as can be from
both limits (answered ≥ .85, false ≤ .15) in the hardest setting. On articles left out in turn, 6 folds:

    WORDS, threshold 0.550
    paragraphs   answered 0.861  false 0.128  at 15 % false 0.884  best hits 0.821  ECE 0.074
    few articles answered 0.851  false 0.087  at 15 % false 0.900  best hits 0.837  ECE 0.081
    one article  answered 0.841  false 0.079  at 15 % false 0.893  best hits 0.836  ECE 0.096
    articles     answered 0.891  false 0.029  at 15 % false 0.975  best hits 0.832  ECE 0.077
    TOKENS, threshold 0.625
    paragraphs   answered 0.891  false 0.094  at 15 % false 0.920  best hits 0.838  ECE 0.048
    few articles answered 0.881  false 0.087  at 15 % false 0.936  best hits 0.849  ECE 0.058
    one article  answered 0.877  false 0.079  at 15 % false 0.944  best hits 0.844  ECE 0.067
    articles     answered 0.925  false 0.006  at 15 % false 0.996  best hits 0.856  ECE 0.056

ECE: expected calibration error over ten bins; the settings mix answerable and unanswerable differently.
The columns are BY_WORDS, ANSWER_BY_WORDS and BY_TOKENS, ANSWER_BY_TOKENS of `evidence.py`.
"""

from mainstay.services.knowledge.heads import Head, Heads

WORDS = Heads(
    closely=False,
    sentence=Head(
        -1.9517,
        (
            8.1697,
            2.3412,
            -0.82812,
            -5.6849,
            -2.5795,
        ),
        (
            0,
            0,
            0,
            0,
            0,
        ),
        (
            1,
            1,
            1,
            1,
            2,
        ),
    ),
    answer=Head(
        0.87924,
        (
            0.19053,
            1.3884,
            2.1048,
            0.072496,
            -4.1248,
            0.438,
            -3.3072,
            -1.7859,
            2.3568,
            2.2041,
            -0.51972,
        ),
        (
            0,
            0,
            0,
            -3,
            0,
            0.083333,
            0.31396,
            0.05,
            -0.22281,
            0.11011,
            0.010653,
        ),
        (
            1,
            1,
            1,
            8,
            0.64835,
            1,
            1.5129,
            1,
            1,
            0.93256,
            0.88556,
        ),
    ),
    threshold=0.550,
)
TOKENS = Heads(
    closely=True,
    sentence=Head(
        -3.0937,
        (
            2.3473,
            0.79648,
            -1.678,
            -1.3048,
            -2.367,
            10.768,
            3.3603,
            3.6564,
            -11.352,
            0.021428,
        ),
        (
            0,
            0,
            0,
            0,
            0,
            0.073408,
            0.13517,
            0.0014804,
            0.20501,
            -0.005061,
        ),
        (
            1,
            1,
            1,
            1,
            2,
            0.88573,
            0.89765,
            0.84684,
            0.90169,
            0.80814,
        ),
    ),
    answer=Head(
        -5.6321,
        (
            -1.4294,
            0.1732,
            1.4243,
            0.070765,
            -3.8752,
            -0.27615,
            -1.6301,
            -0.61391,
            2.6033,
            1.4467,
            -2.4517,
            3.6932,
            0.26755,
            2.8734,
            2.5148,
            4.4607,
        ),
        (
            0,
            0,
            0,
            -3,
            0,
            0.083333,
            0.31396,
            0.05,
            -0.16378,
            0.044731,
            0.0040397,
            0.15926,
            0.17399,
            0.18559,
            0.078287,
            0.042123,
        ),
        (
            1,
            1,
            1,
            8,
            0.64835,
            1,
            1.5129,
            1,
            0.64988,
            0.97164,
            0.88098,
            0.91042,
            0.91042,
            0.91042,
            0.89186,
            0.85386,
        ),
    ),
    threshold=0.625,
)
