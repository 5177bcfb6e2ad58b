"""One certificate for every program, from (S, lambda, Theta) alone: duality gap by projection and largest KKT violation.

min -logdet Theta + tr(S Theta) + lambda sum_{i != j} |Theta_ij|; the diagonal is not penalised.
"""
import numpy as np


def certificate(s, lam, theta):
    theta = (theta + theta.T) / 2
    p = s.shape[0]
    sign, logdet = np.linalg.slogdet(theta)
    if sign <= 0 or np.linalg.eigvalsh(theta)[0] <= 0:
        return dict(gap=np.inf, kkt=np.inf, edges=0)
    off = theta - np.diag(np.diag(theta))
    primal = -logdet + np.sum(s * theta) + lam * np.abs(off).sum()
    w = np.linalg.inv(theta)
    limit = lam * (1 - np.eye(p))
    feasible = s + np.clip(w - s, -limit, limit)
    sign, dual = np.linalg.slogdet(feasible)
    gap = primal - p - dual if sign > 0 and np.linalg.eigvalsh(feasible)[0] > 0 else np.inf
    gradient = s - w
    kkt = np.where(theta != 0, np.abs(gradient + limit * np.sign(theta)), np.maximum(np.abs(gradient) - limit, 0))
    return dict(gap=gap / max(1.0, abs(primal)), kkt=kkt.max(), edges=int((np.abs(off) > 1e-10).sum() // 2))
