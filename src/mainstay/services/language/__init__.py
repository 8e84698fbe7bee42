"""Language: what a text says, in which language, about whom, in fewer or other words."""
