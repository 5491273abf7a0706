"""Constants of Philox 4×32, the random generator of TensorFlow and of XLA (Salmon et al. 2011)."""

# Rounds for a block, and the words of 32 bits in it.
ROUNDS, LANES = 10, 4
# Multipliers of two of the four words, and what is added to the key's two words in each round (table 2).
MULTIPLIERS = 0xD2511F53, 0xCD9E8D57
KEY_STEPS = 0x9E3779B9, 0xBB67AE85
