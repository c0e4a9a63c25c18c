"""Programs to read and run; each uses nothing but the public names of salesflow."""
