"""What to do about it and what it gains: recommendations, exposures, scores and their history."""

from recommendations.models.bases import MachineBasis, PresentWeakness, SoftwareBasis, VersionBasis, WeaknessBasis
from recommendations.models.effects import EffectBasis, ExceptedScore, ExceptionEffect, WeaknessEffect, WeaknessEffectBasis
from recommendations.models.fanned import (
    FannedRun,
    PendingCause,
    PendingContribution,
    PendingGroup,
    PendingHolding,
    RestatedVersion,
    RunSlice,
)
from recommendations.models.history import Cause, RecommendationDay, ScoreChange, ScoreChangeDay, ScoreDay
from recommendations.models.inaccuracies import InaccuracyReport
from recommendations.models.risks import MachineRisk, RiskDay, RiskStat, VersionRisk
from recommendations.models.scores import (
    Exposure,
    GroupScore,
    MachineScore,
    Recommendation,
    RecommendationStat,
    Run,
    ScoringSettings,
    VersionScore,
    WeaknessStat,
)

__all__ = [
    "Cause",
    "EffectBasis",
    "ExceptedScore",
    "ExceptionEffect",
    "Exposure",
    "FannedRun",
    "GroupScore",
    "InaccuracyReport",
    "MachineBasis",
    "MachineRisk",
    "MachineScore",
    "PendingCause",
    "PendingContribution",
    "PendingGroup",
    "PendingHolding",
    "PresentWeakness",
    "Recommendation",
    "RecommendationDay",
    "RecommendationStat",
    "RestatedVersion",
    "RiskDay",
    "RiskStat",
    "Run",
    "RunSlice",
    "ScoreChange",
    "ScoreChangeDay",
    "ScoreDay",
    "ScoringSettings",
    "SoftwareBasis",
    "VersionBasis",
    "VersionRisk",
    "VersionScore",
    "WeaknessBasis",
    "WeaknessEffect",
    "WeaknessEffectBasis",
    "WeaknessStat",
]
