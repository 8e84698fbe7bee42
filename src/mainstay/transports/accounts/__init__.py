"""The pages on which people sign in and look after their account; they work without scripts."""
