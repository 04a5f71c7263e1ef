"""What a user would write in PyTorch, for bench/peers/torch.ts: a training step and a KV-cache decoding loop.

Reads commands as lines of JSON and answers each with a line of JSON. The model is a Llama with the same weights.
Queries, keys and values are one product, gate and up too: fewer calls than transformers makes.
"""

import json
import math
import re
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
HAS_SDPA = hasattr(F, "scaled_dot_product_attention")


class Llama(torch.nn.Module):
    def __init__(self, config, specs, path):
        super().__init__()
        self.config = config
        flat = torch.from_file(path, size=sum(math.prod(s["shape"]) for s in specs))
        given = {
            s["name"]: flat[s["offset"] : s["offset"] + math.prod(s["shape"])].view(s["shape"])
            for s in specs
        }
        parameter = lambda *names: torch.nn.Parameter(torch.cat([given[n] for n in names]))
        self.embedding = parameter("model.embed_tokens.weight")
        self.layers = torch.nn.ModuleList()
        for index in range(config["numLayers"]):
            of = lambda *names: parameter(*(f"model.layers.{index}.{n}.weight" for n in names))
            layer = torch.nn.Module()
            layer.attention_norm = of("input_layernorm")
            layer.qkv = of("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
            layer.output = of("self_attn.o_proj")
            layer.mlp_norm = of("post_attention_layernorm")
            layer.gate_up = of("mlp.gate_proj", "mlp.up_proj")
            layer.down = of("mlp.down_proj")
            self.layers.append(layer)
        self.final_norm = parameter("model.norm.weight")
        self.head = parameter("lm_head.weight")
        half = config["headDim"] // 2
        frequencies = config["ropeTheta"] ** (-torch.arange(half) / half)
        angles = torch.outer(torch.arange(512.0), frequencies).repeat(1, 2)
        self.cos, self.sin = angles.cos(), angles.sin()

    def norm(self, x, weight):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.config["rmsNormEps"]) * weight

    def rotate(self, x, first, last):
        half = x.shape[-1] // 2
        turned = torch.cat((-x[..., half:], x[..., :half]), -1)
        return x * self.cos[first:last] + turned * self.sin[first:last]

    def forward(self, tokens, cache=None, position=0):
        """Hidden states [B, T, D] of tokens [B, T] from `position` on; `cache` holds keys and values before it."""
        rows, length = tokens.shape
        heads, width = self.config["numHeads"], self.config["headDim"]
        end = position + length
        x = F.embedding(tokens, self.embedding)
        for index, layer in enumerate(self.layers):
            qkv = F.linear(self.norm(x, layer.attention_norm), layer.qkv)
            q, k, v = qkv.view(rows, length, 3, heads, width).permute(2, 0, 3, 1, 4)
            q, k = self.rotate(q, position, end), self.rotate(k, position, end)
            if cache is not None:
                cache[index, 0, :, :, position:end] = k
                cache[index, 1, :, :, position:end] = v
                k, v = cache[index, 0, :, :, :end], cache[index, 1, :, :, :end]
            mixed = attend(q, k, v, is_causal=cache is None)
            x = x + F.linear(mixed.transpose(1, 2).reshape(rows, length, -1), layer.output)
            gate, up = F.linear(self.norm(x, layer.mlp_norm), layer.gate_up).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, layer.down)
        return self.norm(x, self.final_norm)


def attend(q, k, v, is_causal):
    if HAS_SDPA:
        return F.scaled_dot_product_attention(q, k, v, is_causal=is_causal)
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
    if is_causal:
        scores = scores + torch.full(scores.shape[-2:], -1e9).triu(1)
    return scores.softmax(-1) @ v


class Peer:
    def open(self, config, specs, weights, temperature):
        self.temperature = temperature
        self.model = Llama(config, specs, weights)
        fused = {"fused": True} if int(torch.__version__.split(".")[0]) >= 2 else {}
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=1e-6, weight_decay=0.01, **fused
        )
        build = torch.__config__.show()
        with open("/proc/self/maps") as maps:
            loaded = set(re.findall(r"lib(?:openblas|blas|mkl)[^/\s]*", maps.read()))
        blas = "MKL" if "BLAS_INFO=mkl" in build else ", ".join(sorted(loaded)) or "unknown BLAS"
        capability = re.search(r"CPU capability usage: (\S+)", build)
        return {"version": torch.__version__, "blas": blas, "kernels": capability[1] if capability else "unknown"}

    def batch(self, sequences):
        column = lambda name: torch.tensor([s[name] for s in sequences])
        self.prompts, self.responses = column("prompt"), column("response")
        self.behaviour, self.advantages = column("behaviour"), column("advantage")[:, None]
        return {}

    def steps(self, count):
        start = time.process_time()
        for _ in range(count):
            loss = self.step()
        return {"ms": (time.process_time() - start) / count * 1000, "loss": loss}

    def step(self):
        tokens = torch.cat((self.prompts, self.responses[:, :-1]), 1)
        logits = F.linear(self.model(tokens), self.model.head) / self.temperature
        logprobs = logits.log_softmax(-1).gather(-1, self.responses[..., None])[..., 0]
        ratios = (logprobs - self.behaviour).exp()
        gains = torch.minimum(ratios * self.advantages, ratios.clamp(0.8, 1.2) * self.advantages)
        loss = -gains.mean()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        return loss.item()

    @torch.inference_mode()
    def generate(self, prompts, length, greedy=False):
        start = time.process_time()
        config = self.model.config
        shape = (config["numLayers"], 2, len(prompts), config["numHeads"], length, config["headDim"])
        cache = torch.empty(shape)
        tokens = torch.tensor(prompts)[:, None]
        drawn, chosen, entropies = [], [], []
        for position in range(length):
            hidden = self.model(tokens, cache, position)[:, 0]
            logprobs = (F.linear(hidden, self.model.head) / self.temperature).log_softmax(-1)
            p = logprobs.exp()
            entropies.append(-(p * logprobs).sum(-1))
            tokens = p.argmax(-1, keepdim=True) if greedy else torch.multinomial(p, 1)
            chosen.append(logprobs.gather(-1, tokens))
            drawn.append(tokens)
        found = torch.cat(drawn, 1).tolist()
        torch.cat(chosen, 1).tolist(), torch.stack(entropies, 1).tolist()
        ms = (time.process_time() - start) * 1000
        return {"ms": ms, **({"tokens": found} if greedy else {})}


peer = Peer()
for line in sys.stdin:
    command = json.loads(line)
    print(json.dumps(getattr(peer, command.pop("do"))(**command)), flush=True)
