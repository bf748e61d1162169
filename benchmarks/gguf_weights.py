"""Writes a trained model's weights into a copy of the GGUF file that it began as, so that llama.cpp serves it.

python benchmarks/gguf_weights.py MODEL_OR_ADAPTER LIKE.gguf OUT.gguf

Everything but the weights is copied from LIKE.gguf: tokenizer, chat template, sizes. Matrices are stored as Q8_0: so
are the weights before training, where they are to be compared with those after it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

NAMES = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output.weight": "lm_head.weight",
    "output_norm.weight": "model.norm.weight",
}
LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
HEADS = {"attn_q": "llama.attention.head_count", "attn_k": "llama.attention.head_count_kv"}


def source_name(tensor: str) -> str:
    """The name in transformers of a tensor of the GGUF file of a Llama model."""
    if tensor in NAMES:
        return NAMES[tensor]
    _, layer, part, _ = tensor.split(".")
    return f"model.layers.{layer}.{LAYER[part]}.weight"


def interleaved(weights: npt.NDArray[np.float32], heads: int) -> npt.NDArray[np.float32]:
    """The rows of a query or key matrix in llama.cpp's order, which rotates neighbours, not halves of a head."""
    rows, columns = weights.shape
    return weights.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def weights_of(model: str) -> dict[str, npt.NDArray[np.float32]]:
    """The weights of a model, or of an adapter merged into its model."""
    from transformers import AutoModelForCausalLM

    loaded: Any
    if Path(model, "adapter_config.json").is_file():
        from peft import AutoPeftModelForCausalLM

        loaded = AutoPeftModelForCausalLM.from_pretrained(model).merge_and_unload()
    else:
        loaded = AutoModelForCausalLM.from_pretrained(model)
    return {name: tensor.float().numpy() for name, tensor in loaded.state_dict().items()}


def write(weights: dict[str, npt.NDArray[np.float32]], like: Path, out: Path) -> None:
    """Writes ``weights`` into a copy of the file ``like``."""
    import gguf

    reader = gguf.GGUFReader(like)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    writer = gguf.GGUFWriter(out, str(fields["general.architecture"]))
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name in ("general.architecture", "general.file_type"):
            continue
        writer.add_key_value(name, fields[name], field.types[0], field.types[-1] if len(field.types) > 1 else None)
    writer.add_file_type(int(gguf.LlamaFileType.MOSTLY_Q8_0))
    for tensor in reader.tensors:
        data = weights[source_name(tensor.name)]
        part = tensor.name.split(".")[-2]
        if part in HEADS:
            data = interleaved(data, int(fields[HEADS[part]]))
        if data.ndim == 1:
            writer.add_tensor(tensor.name, np.ascontiguousarray(data, np.float32))
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(tensor.name, gguf.quants.quantize(np.ascontiguousarray(data), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    write(weights_of(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
