"""Several verbs in the same moment, each in a thread and a connection of its own."""

import threading
from collections.abc import Callable

from django.db import connections

from inspections.steps import StepRefused


def at_once(*verbs: Callable[[], object]) -> list[str]:
    """Run the verbs at the same moment in threads of their own; return 'done' or the refusal's code, sorted."""
    barrier, outcomes = threading.Barrier(len(verbs)), []

    def run(verb: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=10)
            verb()
            outcomes.append("done")
        except StepRefused as refused:
            outcomes.append(refused.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[verb]) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return sorted(outcomes)
