"""The main job from end to end: a small company, its leads and deals, and what each of its people sees of them."""
