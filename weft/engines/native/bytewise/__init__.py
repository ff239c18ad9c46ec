"""Work on the host that is no arithmetic on arrays: strings and what files hold, by native code of its own."""
