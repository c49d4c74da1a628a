"""attacker.py - what can be worked out from what is published: sums over cells are added to and taken from one another.

Each figure shown of an agency and window is a sum over its cells (service × channel), so what an attacker can work out
is the span of what is shown; by elimination over a large prime."""

from itertools import combinations

PRIME = 1_000_003
CELLS_FOR_ALL_GROUPS = 12


class Known:
    """Vectors over so many cells, in echelon form."""

    def __init__(self):
        self.rows = {}  # pivot → row

    def rest(self, vector):
        """What is left of a vector when all that is known is taken off; all 0: it can be worked out."""
        vector = [value % PRIME for value in vector]
        for pivot, row in sorted(self.rows.items()):
            if vector[pivot]:
                factor = vector[pivot]
                vector = [(a - factor * b) % PRIME for a, b in zip(vector, row)]
        return vector

    def see(self, vector):
        vector = self.rest(vector)
        pivot = next((i for i, value in enumerate(vector) if value), None)
        if pivot is not None:
            inverse = pow(vector[pivot], PRIME - 2, PRIME)
            self.rows[pivot] = [value * inverse % PRIME for value in vector]


def groups_of(count):
    """All groups of cells when they are few enough to try, else all singles and pairs."""
    sizes = range(1, count + 1) if count <= CELLS_FOR_ALL_GROUPS else (1, 2)
    for size in sizes:
        yield from combinations(range(count), size)


def worked_out(people, shown, least):
    """people: cell → how many; shown: sets of cells whose sum is published. The groups of too few that can be worked out."""
    cells = sorted(people)
    known = Known()
    for figure in shown:
        known.see([cell in figure for cell in cells])
    return [[cells[i] for i in group] for group in groups_of(len(cells))
            if sum(people[cells[i]] for i in group) < least
            and not any(known.rest([i in group for i in range(len(cells))]))]
