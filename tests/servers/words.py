"""What servers say when a request does not fit: the words of each, with what they mean.

A limit, the tokens of the prompt (None where they are not told), and how many tokens of a reply were asked for.
"""

from __future__ import annotations

TOO_SMALL = {
    "openai": (
        "This model's maximum context length is 8192 tokens. However, you requested 8862 tokens (862 in the messages,"
        " 8000 in the completion). Please reduce the length of the messages or completion.",
        *(8192, 862, 8000),
    ),
    "vllm": (
        "'max_tokens' or 'max_completion_tokens' is too large: 8000. This model's maximum context length is 8192 tokens"
        " and your request has 862 input tokens (8000 > 8192 - 862).",
        *(8192, 862, 8000),
    ),
    "vllm, later": (
        "This model's maximum context length is 8192 tokens. However, you requested 8000 output tokens and your prompt"
        " contains at least 193 input tokens, for a total of at least 8193 tokens. Please reduce the length of the"
        " input prompt or the number of requested output tokens. (parameter=input_tokens, value=193)",
        *(8192, None, 8000),
    ),
    "vllm, characters": (
        "This model's maximum context length is 8192 tokens. However, you requested 8000 output tokens and your prompt"
        " contains 3448 characters (more than 1920 characters, which is the upper bound for 192 input tokens). Please"
        " reduce the length of the input prompt or the number of requested output tokens.",
        *(8192, None, 8000),
    ),
    "vllm, exact": (
        "This model's maximum context length is 8192 tokens. However, you requested 64 output tokens and your prompt"
        " contains 10000 input tokens, for a total of 10064 tokens.",
        *(8192, 10000, 64),
    ),
    "sglang": (
        "Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of 8862"
        " tokens: 862 tokens from the input messages and 8000 tokens for the completion.",
        *(8192, 862, 8000),
    ),
    "sglang, input": (
        "The input (10009 tokens) is longer than the model's context length (8192 tokens).",
        *(8192, 10009, 400),
    ),
    "anthropic": (
        "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000, decrease input length or"
        " `max_tokens` and try again",
        *(200000, 178959, 64000),
    ),
    "anthropic, input": ("prompt is too long: 210000 tokens > 200000 maximum", 200000, 210000, 700),
    "tgi": (
        "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 1000 `inputs` tokens and"
        " 8000 `max_new_tokens`",
        *(4096, 1000, 8000),
    ),
    "tgi, input": ("Input validation error: `inputs` must have less than 1024 tokens. Given: 2000", 1024, 2000, 400),
    "llama.cpp": (
        "request (9412 tokens) exceeds the available context size (8192 tokens), try increasing it",
        *(8192, 9412, 400),
    ),
    "lm studio": (
        "Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context"
        " length of only 4096 tokens, which is not enough.",
        *(4096, 9000, 400),
    ),
    "mistral": (
        "Prompt contains 37000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
        *(32768, 37000, 400),
    ),
    "openrouter": (
        "This endpoint's maximum context length is 32768 tokens. However, you requested about 40195 tokens (8195 of"
        " text input, 32000 in the output).",
        *(32768, 8195, 32000),
    ),
    "xai": (
        "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
        *(131072, 537812, 400),
    ),
    "cohere": (
        "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 5000.",
        *(4081, 5000, 400),
    ),
    "cohere, reply included": (
        "too many tokens: total number of tokens (prompt and prediction) cannot exceed 2048 - received 6354. Try using"
        " a shorter prompt or a smaller max_tokens value.",
        *(2048, 5954, 400),
    ),
    "bedrock": ("Input is too long for requested model.", None, None, 400),
    "gemini": (
        "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
        *(1048575, 1196265, 400),
    ),
    "cerebras": (
        "Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192",
        *(8192, 1000, 8000),
    ),
    "llama-cpp-python": ("Requested tokens (700) exceed context window of 512", 512, 300, 400),
    "with commas": (
        "This model's maximum context length is 8,192 tokens. However, you requested 8,862 tokens (862 in the messages,"
        " 8,000 in the completion).",
        *(8192, 862, 8000),
    ),
    "more than it can take": (
        "The number of tokens (862) in the prompt plus max_tokens is more than the model can take (8192)",
        *(8192, 862, 8000),
    ),
    "total": ("total tokens must not be over 8192; got 8862", 8192, 862, 8000),
    "by how much only": ("prompt too long; exceeded max context length by 100918 tokens", None, None, 400),
}
# A reply may not be so long, whatever the prompt.
REPLY_TOO_LONG = {
    "openai": (
        "max_tokens is too large: 9000. This model supports at most 4096 completion tokens, whereas you provided 9000.",
        4096,
    ),
    "anthropic": (
        "max_tokens: 9000 > 4096, which is the maximum allowed number of output tokens for claude-3-haiku-20240307",
        4096,
    ),
    "groq": (
        "`max_tokens` must be less than or equal to `8192`, the maximum value for `max_tokens` is less than the"
        " `context_window` for this model",
        8192,
    ),
    "deepseek": ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 8192),
    "dashscope": ("<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 8192]", 8192),
    "gemini": (
        "Unable to submit request because it has a maxOutputTokens value of 9000 but the supported range is from 1"
        " (inclusive) to 8193 (exclusive). Update the value and try again.",
        8192,
    ),
    "bedrock": (
        "The maximum tokens you requested exceeds the model limit of 4096. Try again with a maximum tokens value that"
        " is lower than 4096.",
        4096,
    ),
    "volcengine": (
        "The parameter `max_completion_tokens` specified in the request are not valid: integer above maximum value,"
        " expected a value <= 4096, but got 9000 instead.",
        4096,
    ),
    "limited": ("max_tokens is limited to 4096 for this model", 4096),
    "larger": ("the max_tokens parameter cannot be larger than 8192", 8192),
    "above": ("max_completion_tokens (9000) is above the limit of 4096", 4096),
    "between": ("max_tokens should be between 1 and 4096", 4096),
    "bounds": ("max_tokens value 9000 out of bounds [1..4096]", 4096),
    "allows": ("requested max_tokens 9000 but model gpt-4-0613 allows 4096", 4096),
    "cohere": (
        "too many tokens: max tokens must be less than or equal to 4096, the maximum output for this model - received"
        " 9000.",
        4096,
    ),
}
