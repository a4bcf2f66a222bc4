"""The YAML of the documentation: each example is a policy that passes its own examples."""

import json
import re
from pathlib import Path

import pytest

from moderado.moderation.policies.compile import compile_policy
from moderado.moderation.policies.documents import read_yaml
from moderado.moderation.registry import configured_providers
from moderado.moderation.services import policy_findings

DOCS = Path(__file__).parents[3] / "docs"
RULE = "name: own\nrules:\n  - {id: own, words: [abacate], category: spam, outcome: flag, "


def examples():
    """Yield each example, made a whole document, with its page and its line."""
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text()
        for block in re.finditer(r"^```yaml\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            line = text.count("\n", 0, block.start()) + 1
            for number, document in enumerate(documents(block[1])):
                yield pytest.param(document, id=f"{page.name}:{line}.{number}")


def documents(block):
    if block.startswith("when: "):
        return [f"{RULE}{condition_of(line)}}}" for line in block.splitlines()]
    return [block if re.search("^name: ", block, re.MULTILINE) else f"name: own\n{block}"]


def condition_of(line):
    return f"when: {json.dumps(line.removeprefix('when: '))}"


@pytest.mark.parametrize("document", list(examples()))
@pytest.mark.proves("R172")
def test_documented_policy_passes_its_own_examples(document, monkeypatch):
    monkeypatch.setattr(policy_findings, "identity_sentences", tuple)
    read = read_yaml(document)
    runtime = compile_policy([read], version="1", configured=configured_providers())

    assert not policy_findings.findings(runtime, [read]).examples
