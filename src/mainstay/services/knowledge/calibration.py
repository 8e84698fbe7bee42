"""What was learned about when to answer; written by `scripts/calibrate_answers.py`, not by hand.

Data: XQuAD in English (google-deepmind/xquad, CC BY-SA 4.0), 48 articles, 240 paragraphs, 1,190 questions.
Learned from articles 0, 2, 4 … 46; the odd ones are unseen. Unanswerable: questions whose paragraph was
held out (a quarter of them, or whole articles; collections of all, three and one articles), and for TOKENS
near misses, in which one word is another (`benchmarks/near_misses.py`), at 0.2 each. Seed 7.
Encoder of TOKENS: all-MiniLM-L6-v2, int8. Threshold: the highest at which 0.85 of what can be answered is
answered where paragraphs were held out. On articles left out in turn, 6 folds:

    WORDS, threshold 0.520
    paragraphs   answered 0.870  false 0.138  at 15 % false 0.884  best hits 0.838  ECE 0.074
    few articles answered 0.871  false 0.090  at 15 % false 0.892  best hits 0.850  ECE 0.079
    one article  answered 0.861  false 0.083  at 15 % false 0.895  best hits 0.851  ECE 0.094
    articles     answered 0.898  false 0.044  at 15 % false 0.978  best hits 0.859  ECE 0.075
    near misses  answered 0.874  false 0.736  at 15 % false 0.449  best hits 0.836  ECE 0.293
    few, near    answered 0.868  false 0.660  at 15 % false 0.501  best hits 0.863  ECE 0.266
    TOKENS, threshold 0.690
    paragraphs   answered 0.868  false 0.079  at 15 % false 0.935  best hits 0.850  ECE 0.048
    few articles answered 0.844  false 0.053  at 15 % false 0.932  best hits 0.867  ECE 0.058
    one article  answered 0.848  false 0.051  at 15 % false 0.945  best hits 0.864  ECE 0.061
    articles     answered 0.904  false 0.015  at 15 % false 0.998  best hits 0.869  ECE 0.071
    near misses  answered 0.866  false 0.405  at 15 % false 0.687  best hits 0.852  ECE 0.223
    few, near    answered 0.849  false 0.357  at 15 % false 0.691  best hits 0.870  ECE 0.199

ECE: expected calibration error over ten bins; the settings mix answerable and unanswerable differently.
The columns are BY_WORDS, ANSWER_BY_WORDS and BY_TOKENS, ANSWER_BY_TOKENS of `evidence.py`.
"""

from mainstay.services.knowledge.heads import Head, Heads

WORDS = Heads(
    closely=False,
    sentence=Head(
        -1.7699,
        (
            5.1229,
            1.6424,
            -0.59296,
            0.41504,
            0.47161,
            0.23497,
            0.72101,
            5.7545,
            -5.4331,
            -2.9373,
        ),
        (
            0,
            0,
            0,
            -1,
            -1,
            -1,
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
            1,
            1,
            1,
            1,
            1,
            2,
        ),
    ),
    answer=Head(
        0.61927,
        (
            2.051,
            0.22346,
            1.3224,
            0.10694,
            -4.3771,
            0.40802,
            -3.5291,
            -1.6672,
            2.2981,
            1.6879,
            2.0127,
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
            0.13155,
            0.0085736,
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
            0.99704,
            0.55341,
        ),
    ),
    threshold=0.520,
)
TOKENS = Heads(
    closely=True,
    sentence=Head(
        -3.5386,
        (
            2.148,
            0.22071,
            -1.1735,
            0.16805,
            0.30747,
            0.33886,
            0.92307,
            11.558,
            -1.3021,
            -2.8067,
            3.9815,
            2.9926,
            3.0767,
            -8.4069,
            2.7598,
        ),
        (
            0,
            0,
            0,
            -1,
            -1,
            -1,
            0.11514,
            0,
            0,
            0,
            0.072055,
            0.13139,
            0.0025021,
            0.19727,
            -0.014863,
        ),
        (
            1,
            1,
            1,
            1,
            1,
            1,
            0.90826,
            0.5761,
            1,
            2,
            0.89556,
            0.90571,
            0.86537,
            0.91307,
            0.8041,
        ),
    ),
    answer=Head(
        -3.7845,
        (
            -0.86619,
            -0.42074,
            0.46763,
            0.080365,
            -3.4891,
            0.084728,
            -2.0222,
            -0.56949,
            0.4507,
            1.5555,
            1.7841,
            1.5553,
            0.0201,
            2.3212,
            5.6707,
            2.2174,
        ),
        (
            0,
            0,
            0,
            -2.3374,
            0,
            0.083333,
            0.31396,
            0.05,
            -0.13445,
            0.038853,
            0.0026985,
            0.17508,
            0.18772,
            0.19644,
            0.083849,
            0.058626,
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
            0.99897,
            0.68033,
            0.91589,
            0.91589,
            0.91589,
            0.89886,
            0.85054,
        ),
    ),
    threshold=0.690,
)
