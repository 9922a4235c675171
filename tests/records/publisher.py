"""A process to kill: publishes without end and prints the number of each publication that was acknowledged.

python -m tests.records.publisher URL FIRST_NUMBER
"""

from __future__ import annotations

import sys

from index.ports import Changed
from index.records import open_records
from tests.records.samples import NOW, claim, publish


def main(url: str, number: int) -> None:
    records = open_records(url)
    with records.begin() as unit:
        unit.put_claim(claim())
    while True:
        with records.begin() as unit:
            refutation_id = publish(unit, number, hours=number)
            unit.append_audit(NOW, "edt_b", "approved_issue", refutation_id, {})
            unit.changed(Changed.REFUTATION, refutation_id)
        print(number, flush=True)
        number += 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
