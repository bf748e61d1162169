def become(name):
    pass
