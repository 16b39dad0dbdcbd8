"""A small sentiment model. It is trained when the worker starts, on sentences.jsonl beside it; a real
worker would load weights that were trained elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

SENTENCES = Path(__file__).parent / "sentences.jsonl"


def train() -> Pipeline:
    """TF-IDF of words and pairs of words, and a logistic regression; nothing in it is random."""
    lines = [json.loads(line) for line in SENTENCES.read_text("utf-8").splitlines()]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    model = make_pipeline(vectorizer, LogisticRegression(C=20))
    return model.fit([line["text"] for line in lines], [line["label"] for line in lines])


MODEL = train()


def predict(texts: list[str]) -> list[dict]:
    """For each text its label, and the label's probability."""
    return [
        {"label": str(MODEL.classes_[row.argmax()]), "probability": round(float(row.max()), 4)}
        for row in MODEL.predict_proba(texts)
    ]
