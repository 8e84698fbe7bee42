"""What was learned about when to answer; written by `scripts/calibrate_answers.py`, not by hand.

Data: XQuAD in English (google-deepmind/xquad, CC BY-SA 4.0), 48 articles, 240 paragraphs, 1,190 questions.
Learned from articles 0, 2, 4 … 46; the odd ones are unseen. Unanswerable: questions whose paragraph was
held out (a quarter of them, or whole articles; collections of all, three and one articles), and for TOKENS
near misses, in which one word is another (`benchmarks/near_misses.py`), at 0.2 each. Seed 7.
Encoder of TOKENS: all-MiniLM-L6-v2, int8. Threshold: the highest at which 0.85 of what can be answered is
answered where paragraphs were held out. On articles left out in turn, 6 folds:

    WORDS, threshold 0.525
    paragraphs   answered 0.863  false 0.130  at 15 % false 0.892  best hits 0.816  ECE 0.075
    few articles answered 0.866  false 0.090  at 15 % false 0.896  best hits 0.836  ECE 0.082
    one article  answered 0.853  false 0.087  at 15 % false 0.895  best hits 0.835  ECE 0.096
    articles     answered 0.899  false 0.032  at 15 % false 0.978  best hits 0.826  ECE 0.081
    near misses  answered 0.862  false 0.729  at 15 % false 0.440  best hits 0.816  ECE 0.292
    few, near    answered 0.866  false 0.659  at 15 % false 0.491  best hits 0.840  ECE 0.266
    TOKENS, threshold 0.680
    paragraphs   answered 0.866  false 0.077  at 15 % false 0.927  best hits 0.835  ECE 0.048
    few articles answered 0.849  false 0.067  at 15 % false 0.933  best hits 0.845  ECE 0.057
    one article  answered 0.858  false 0.062  at 15 % false 0.942  best hits 0.845  ECE 0.060
    articles     answered 0.900  false 0.012  at 15 % false 0.996  best hits 0.852  ECE 0.071
    near misses  answered 0.864  false 0.412  at 15 % false 0.683  best hits 0.838  ECE 0.223
    few, near    answered 0.855  false 0.352  at 15 % false 0.698  best hits 0.848  ECE 0.196

ECE: expected calibration error over ten bins; the settings mix answerable and unanswerable differently.
The columns are BY_WORDS, ANSWER_BY_WORDS and BY_TOKENS, ANSWER_BY_TOKENS of `evidence.py`.
"""

from mainstay.services.knowledge.heads import Head, Heads

WORDS = Heads(
    closely=False,
    sentence=Head(
        -1.8912,
        (
            8.1543,
            2.2965,
            -0.99746,
            -5.7221,
            -2.6455,
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
        1.0261,
        (
            -0.90251,
            0.82689,
            2.6122,
            0.10776,
            -4.2956,
            0.33969,
            -3.5424,
            -1.6659,
            2.2572,
            2.8576,
            -0.60898,
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
            -0.22754,
            0.11381,
            0.0099217,
        ),
        (
            1,
            1,
            1,
            8,
            0.68321,
            1,
            1.5129,
            1,
            1,
            0.93186,
            0.88872,
        ),
    ),
    threshold=0.525,
)
TOKENS = Heads(
    closely=True,
    sentence=Head(
        -3.0759,
        (
            2.5111,
            0.79398,
            -1.5248,
            -1.4664,
            -2.4288,
            10.626,
            3.3159,
            2.5917,
            -11.062,
            0.45426,
        ),
        (
            0,
            0,
            0,
            0,
            0,
            0.072007,
            0.1314,
            0.0025029,
            0.19737,
            -0.014857,
        ),
        (
            1,
            1,
            1,
            1,
            2,
            0.89389,
            0.9057,
            0.86534,
            0.91307,
            0.80406,
        ),
    ),
    answer=Head(
        -3.8577,
        (
            -1.718,
            0.53486,
            0.48647,
            0.068627,
            -3.6096,
            -0.30406,
            -1.8049,
            -0.549,
            0.29487,
            0.72107,
            -1.1217,
            3.7333,
            -1.6414,
            2.5701,
            6.0858,
            3.0334,
        ),
        (
            0,
            0,
            0,
            -2.1893,
            0,
            0.083333,
            0.31396,
            0.05,
            -0.14294,
            0.04868,
            0.0046265,
            0.17036,
            0.18772,
            0.19644,
            0.083849,
            0.052816,
        ),
        (
            1,
            1,
            1,
            8,
            0.6924,
            1,
            1.5129,
            1,
            0.65314,
            0.95307,
            0.87347,
            0.91589,
            0.91589,
            0.91589,
            0.89886,
            0.85054,
        ),
    ),
    threshold=0.680,
)
