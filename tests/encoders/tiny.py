"""Tiny models of real architectures, saved to a folder as those of the hub are."""

import string
from pathlib import Path

import torch

from ..lazily import Lazily

transformers = Lazily("transformers")
tokenizers = Lazily("tokenizers")

_SMALL = {
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
_SEES = {**_SMALL, "image_size": 32}
_READS = {**_SMALL, "vocab_size": 60, "max_position_embeddings": 16}
_HEARS = {
    **_SMALL,
    "conv_dim": (8, 8),
    "conv_kernel": (10, 8),
    "conv_stride": (10, 16),
    "num_conv_pos_embeddings": 4,
    "num_conv_pos_embedding_groups": 2,
}
_RATE = 16_000


def bert(folder):
    _tokenizer(transformers.BertTokenizer, folder)
    config = transformers.BertConfig(**{**_READS, "vocab_size": 57})
    return transformers.BertModel(config)


def deberta(folder):
    _tokenizer(transformers.BertTokenizer, folder)
    config = transformers.DebertaV2Config(**{**_READS, "vocab_size": 57}, pad_token_id=0)
    return transformers.DebertaV2Model(config)


def xlm_roberta(folder):
    """As BGE-M3."""
    vocabulary = {word: i for i, word in enumerate(["<s>", "<pad>", "</s>", "<unk>", "title"])}
    own = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="<unk>"))
    own.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=own, unk_token="<unk>", pad_token="<pad>", model_max_length=12
    ).save_pretrained(folder)
    config = transformers.XLMRobertaConfig(**{**_READS, "vocab_size": 5}, pad_token_id=1)
    return transformers.XLMRobertaModel(config)


def clip(folder):
    _picture_processor(transformers.CLIPImageProcessorPil, folder, crops=True)
    config = transformers.CLIPConfig(
        text_config={**_READS, "bos_token_id": 1, "eos_token_id": 2},
        vision_config={**_SEES, "patch_size": 8},
        projection_dim=12,
    )
    return transformers.CLIPModel(config)


def siglip(folder):
    _picture_processor(transformers.SiglipImageProcessorPil, folder)
    config = transformers.SiglipConfig(
        text_config={**_READS, "bos_token_id": 1, "eos_token_id": 2},
        vision_config={**_SEES, "patch_size": 8},
    )
    return transformers.SiglipModel(config)


def vit(folder):
    """A classifier's checkpoint, which has no pooling layer."""
    _picture_processor(transformers.ViTImageProcessorPil, folder)
    config = transformers.ViTConfig(**_SEES, patch_size=8)
    return transformers.ViTForImageClassification(config)


def resnet(folder):
    _picture_processor(transformers.ViTImageProcessorPil, folder)
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic"
    )
    return transformers.ResNetModel(config)


def videomae(folder):
    _picture_processor(transformers.VideoMAEImageProcessorPil, folder, crops=True)
    config = transformers.VideoMAEConfig(**_SEES, patch_size=16, num_frames=4)
    return transformers.VideoMAEModel(config)


def timesformer(folder):
    _picture_processor(transformers.VideoMAEImageProcessorPil, folder, crops=True)
    config = transformers.TimesformerConfig(**_SEES, patch_size=16, num_frames=4)
    return transformers.TimesformerModel(config)


def timesformer_of_8(folder):
    return _of_frames(timesformer, folder, 8)


def videomae_of_16(folder):
    return _of_frames(videomae, folder, 16)


def vivit_of_32(folder):
    return _of_frames(vivit, folder, 32)


def vivit(folder):
    _picture_processor(transformers.VivitImageProcessor, folder, crops=True)
    config = transformers.VivitConfig(**_SEES, tubelet_size=[2, 16, 16], num_frames=4)
    return transformers.VivitModel(config)


def wav2vec2(folder):
    transformers.Wav2Vec2FeatureExtractor(return_attention_mask=False).save_pretrained(folder)
    return transformers.Wav2Vec2Model(transformers.Wav2Vec2Config(**_HEARS))


def whisper(folder):
    transformers.WhisperFeatureExtractor(chunk_length=2).save_pretrained(folder)
    config = transformers.WhisperConfig(
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        vocab_size=60,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
        decoder_start_token_id=1,
        max_source_positions=100,
    )
    return transformers.WhisperModel(config)


def clap(folder):
    transformers.ClapFeatureExtractor(
        feature_size=8,
        max_length_s=1,
        fft_window_size=512,
        hop_length=200,
        sampling_rate=_RATE,
        truncation="rand_trunc",
    ).save_pretrained(folder)
    audio = {
        "num_mel_bins": 8,
        "spec_size": 32,
        "patch_stride": [4, 4],
        "patch_embeds_hidden_size": 8,
        "hidden_size": 16,
        "depths": [1, 1],
        "num_attention_heads": [2, 2],
        "window_size": 4,
    }
    text = {**_SMALL, "vocab_size": 60}
    return transformers.ClapModel(
        transformers.ClapConfig(audio_config=audio, text_config=text, projection_dim=12)
    )


def _of_frames(make, folder, n_frames):
    """As many frames as the models on the hub take."""
    model = make(folder)
    model.config.num_frames = n_frames
    return type(model)(model.config)


def save(make, folder, seed=0):
    """Make a model with weights from a seed, and save it beside what prepares its input."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(seed)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    make(folder).save_pretrained(folder)
    return folder


def _tokenizer(kind, folder):
    letters = string.ascii_lowercase
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters, *(f"##{c}" for c in letters)]
    (folder / "vocab.txt").write_text("\n".join(words))
    kind(str(folder / "vocab.txt"), model_max_length=16).save_pretrained(folder)


def _picture_processor(kind, folder, *, crops=False):
    size = {"height": 32, "width": 32}
    options = {"size": {"shortest_edge": 32}, "crop_size": size} if crops else {"size": size}
    kind(**options).save_pretrained(folder)
