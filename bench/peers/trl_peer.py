"""TRL's GRPOTrainer on our recipe, for bench/peers/trl.ts: one thread, one step for each line of input.

The reward is a majority vote over the answers of a group, as in the method `srt`.
"""

import json
import os
import sys
import tempfile
import time
from collections import Counter

os.environ.setdefault("HF_HUB_OFFLINE", "1")
answers_to = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the libraries print is no answer

import torch
import transformers
import trl
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

torch.set_num_threads(1)
transformers.utils.logging.set_verbosity_error()
task = json.loads(sys.argv[1])


def tell(answer):
    print(json.dumps(answer), file=answers_to, flush=True)


def vote(completions, **_):
    """1 for the completions whose answer is their group's most frequent one."""
    size = task["groupSize"]
    rewards = []
    for first in range(0, len(completions), size):
        answers = [text.rpartition(">")[2] for text in completions[first : first + size]]
        label = Counter(answers).most_common(1)[0][0]
        rewards += [float(answer == label) for answer in answers]
    return rewards


class Pace(TrainerCallback):
    """Waits for a line of input before each step and answers with the step's time."""

    def on_step_begin(self, args, state, control, **_):
        if not sys.stdin.readline():
            sys.exit()
        self.start = time.perf_counter()

    def on_step_end(self, args, state, control, **_):
        tell({"ms": (time.perf_counter() - self.start) * 1000})


rows = task["prompts"] * task["groupSize"]
with tempfile.TemporaryDirectory() as folder:
    trainer = GRPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(task["model"], dtype=torch.float32),
        processing_class=AutoTokenizer.from_pretrained(task["model"], padding_side="left"),
        reward_funcs=vote,
        train_dataset=Dataset.from_list([{"prompt": text} for text in task["texts"]]),
        args=GRPOConfig(
            output_dir=folder,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            per_device_train_batch_size=rows,
            num_generations=task["groupSize"],
            max_completion_length=task["responseTokens"],
            temperature=task["temperature"],
            learning_rate=task["learningRate"],
            beta=0.0,
            max_steps=100_000,
            save_strategy="no",
            logging_strategy="no",
            report_to="none",
            disable_tqdm=True,
        ),
        callbacks=[Pace()],
    )
    tell({"torch": torch.__version__, "transformers": transformers.__version__, "trl": trl.__version__})
    trainer.train()
