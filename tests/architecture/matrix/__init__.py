"""Who gets in where: one row per URL name, method, role and relation. The test walks the resolver and asks for each.

A relation says where the object lies: `own` in Huajia (Jinpu), `sibling` in Xiangying (Jinpu), `other` in Dachangshan
(Changhai). Everybody who is not named gets 404; without a session the sign-in page, over the API a problem document.

How to add a row. A new URL name, and a new method of an old one, need one each; the test says which are missing.
1. Put it in the list of its noun, a module each: `Row(name, who)` for GET, `post(name, who)` for a form,
   `method="put"` and so on.
2. A page about an object names its `kind`; `tests/architecture/world.py` makes one in each place and remembers its
   address with `self.put(kind, relation, pk=…)`. What lies nowhere is made as `own` alone.
3. `who` is a set of the cast (`OFFICES | AUDITOR`), or a set per relation: `around(CITY, only=OFFICES)` is who is
   responsible there and the city, offices only; `everywhere(CITY)` is the same people in each place.
4. What else: `ok` the answers of success, `kwargs` the rest of the address, `data` what is sent (`@village` is the id
   of the village there, `@jpeg` and `@pdf` are files), `forbidden` who sees the object and gets 403, `refused` what
   strangers get where it is not 404, `note` to tell rows apart.
Each row is asked as everybody who could be told apart, and refusals are compared with those of what does not exist.
"""

from tests.architecture.matrix.accounts import ACCOUNTS
from tests.architecture.matrix.api import API
from tests.architecture.matrix.assessments import ASSESSMENTS
from tests.architecture.matrix.documents import DOCUMENTS
from tests.architecture.matrix.findings import FINDINGS
from tests.architecture.matrix.lookbacks import LOOK_BACKS
from tests.architecture.matrix.meetings import MEETINGS
from tests.architecture.matrix.others import OTHERS
from tests.architecture.matrix.places import PLACES
from tests.architecture.matrix.rounds import ROUNDS
from tests.architecture.matrix.rows import EVERYBODY, SECRET, Row
from tests.architecture.matrix.schemes import SCHEMES
from tests.architecture.matrix.visits import VISITS

MATRIX: list[Row] = [
    *ACCOUNTS,
    *PLACES,
    *SCHEMES,
    *FINDINGS,
    *DOCUMENTS,
    *MEETINGS,
    *ROUNDS,
    *LOOK_BACKS,
    *VISITS,
    *ASSESSMENTS,
    *OTHERS,
    *API,
]

__all__ = ["EVERYBODY", "MATRIX", "SECRET", "Row"]
