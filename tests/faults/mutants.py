def become(name):
    from personagen.store import journal

    if name == "checkpoints often":
        journal.CHECKPOINT = 12
