"""Addresses of stages, for tests that compare them."""


def by_method(cells):
    """Method -> stage -> key."""
    return {cell.id.method: {node.name: node.key for node in cell.nodes} for cell in cells}


def changed(before, after):
    """Names of the stages whose keys differ."""
    assert before.keys() == after.keys()
    return [name for name in before if before[name] != after[name]]
