"""The tree of stages that a dry run prints."""

from collections import Counter

from benchmark.planning.plan import trie_lines


def test_trie_shows_every_distinct_stage_once_and_marks_what_is_there(plan, store):
    cells = plan('--methods', 'zs3,zsmmd', '--ks', '2,4')
    nodes = {node.key: node for cell in cells for node in cell.nodes}
    lines = trie_lines(cells, store)
    titles = [line for line in lines if not line.startswith(' ')]
    assert titles == ['shapes k2 zs3-clean seed 0', 'shapes k4 zs3-clean seed 0']
    assert sorted(line.split()[1] for line in lines if line not in titles) == sorted(nodes)
    assert {line.split()[2] for line in lines if line not in titles} == {'run'}
    assert Counter(line.split()[4] for line in lines if '=' in line) == dict.fromkeys(
        ('seen_only', 'zs3', 'zsmmd', 'oracle'), 2)

    seen = cells[0].nodes[0]
    with store.create(seen.name, seen.key, {}):
        pass
    assert [line.split()[:3] for line in trie_lines(cells, store) if 'reuse' in line] == [['seen', seen.key, 'reuse']]


def test_trie_puts_every_stage_under_the_one_before_it(plan, store, toy):
    """Also when another branch was planned in between."""
    cells = plan('--methods', 'zs3,toy_ok,zsmmd', '--ks', 2)
    parent = {node.key: node.inputs[-1][1] for cell in cells for node in cell.nodes if node.inputs}
    open_branch = {}
    for line in trie_lines(cells, store):
        depth = (len(line) - len(line.lstrip())) // 2
        if depth:
            key = line.split()[1]
            assert parent.get(key) == (open_branch[depth - 1] if depth > 1 else None)
            open_branch[depth] = key


def test_trie_branches_in_the_order_of_the_request_stay_apart(store, cell):
    """More continues under seen although peek came between."""
    cells = [cell('toy_fail'), cell('toy_peek'), cell('toy_fail_later')]
    names = [line.split()[0] for line in trie_lines(cells, store)[1:]]
    assert names == ['seen', 'broken', 'evaluate', 'more', 'evaluate', 'peek', 'evaluate']
