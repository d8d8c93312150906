"""What a training makes of pods that another Trainer has left, or still watches."""

from collections.abc import Callable

from modules.distribution.launch import train_apart
from modules.training.job import TrainingJob
from support.kubernetes.own_pods import of_kubeflow
from support.kubernetes.pod_trainings import NEVER_ENDS, fault_of
from support.kubernetes.stand_in import KubernetesStandIn


def _leave_job(kubernetes: KubernetesStandIn, job: TrainingJob) -> str:
    """Leaves what a Trainer does that is killed, and returns its name."""
    all_rights = set(kubernetes.rights)
    kubernetes.rights -= {("delete", "jobs")}
    fault_of(job)
    kubernetes.rights = all_rights
    [name] = kubernetes.cluster.jobs
    return name


def test_what_a_killed_trainer_left_is_removed_by_the_next_one(
    kubernetes: KubernetesStandIn,
    have_pods_run: Callable[..., None],
    job: TrainingJob,
):
    have_pods_run(NEVER_ENDS, "sys.exit(1)")
    [own_pod] = kubernetes.own_pods.values()
    left = _leave_job(kubernetes, job)
    own_pod["metadata"]["uid"] = "another pod of the same name"
    have_pods_run("print()", "print()")

    train_apart(job, train="none:none")

    assert left not in kubernetes.cluster.jobs


def test_two_that_run_do_not_train_the_same(
    kubernetes: KubernetesStandIn,
    have_pods_run: Callable[..., None],
    job: TrainingJob,
):
    have_pods_run(NEVER_ENDS, "sys.exit(1)")
    left = _leave_job(kubernetes, job)
    other = of_kubeflow()
    other["metadata"] |= {"name": "other", "uid": "uid-of-other"}
    kubernetes.own_pods["other"] = other
    [owner] = kubernetes.cluster.jobs[left]["metadata"]["ownerReferences"]
    owner |= {"name": "other", "uid": "uid-of-other"}

    fault = fault_of(job)

    assert f"Pod other trains the very same, in job {left}" in str(fault)
    assert list(kubernetes.cluster.jobs) == [left]
    kubernetes.cluster.delete_job(left)
