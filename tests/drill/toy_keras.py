"""A run of a small GAN in Keras, as lesson 04 has one."""

from helpers.device.keras import quiet_start

with quiet_start():
    import keras
    import tensorflow as tf

import numpy as np

from helpers.base.history import COLUMNS
from helpers.presets import GanSettings
from helpers.recording import Recording
from helpers.training.keras import Run

bce = keras.losses.BinaryCrossentropy(from_logits=True)


class GAN(keras.Model):
    """Four numbers of noise become a picture of 6 x 6 pixels."""

    def __init__(self):
        super().__init__()
        self.noise = keras.random.SeedGenerator(4)
        layers = [keras.layers.Input((4,)), keras.layers.Dense(36, "tanh")]
        self.generator = keras.Sequential([*layers, keras.layers.Reshape((6, 6, 1))])
        layers = [keras.layers.Input((6, 6, 1)), keras.layers.Flatten()]
        layers += [keras.layers.Dropout(0.3, seed=5), keras.layers.Dense(1)]
        self.discriminator = keras.Sequential(layers)

    def compile(self, optimizer_d, optimizer_g):
        super().compile(jit_compile=False)
        self.optimizer_d, self.optimizer_g = optimizer_d, optimizer_g
        for optimizer, player in (
            (optimizer_d, self.discriminator),
            (optimizer_g, self.generator),
        ):
            optimizer.build(player.trainable_variables)

    def train_step(self, real):
        noise = keras.random.normal((tf.shape(real)[0], 4), seed=self.noise)
        with tf.GradientTape(persistent=True) as tape:
            fake = self.generator(noise, training=True)
            on_real = self.discriminator(real, training=True)
            on_fake = self.discriminator(fake, training=True)
            loss_d = bce(tf.ones_like(on_real), on_real) + bce(tf.zeros_like(on_fake), on_fake)
            loss_g = bce(tf.ones_like(on_fake), on_fake)
        for optimizer, player, loss in (
            (self.optimizer_d, self.discriminator, loss_d),
            (self.optimizer_g, self.generator, loss_g),
        ):
            weights = player.trainable_variables
            optimizer.apply(tape.gradient(loss, weights), weights)
        answers = [tf.reduce_mean(tf.sigmoid(logits)) for logits in (on_real, on_fake)]
        return dict(zip(COLUMNS, [loss_d, loss_g, *answers], strict=True))


class ToyRun(Run):
    """A run that keeps its best generator by a measure that goes up and down."""

    def __init__(self, iterations, where="toy"):
        keras.utils.set_random_seed(1)
        gan = GAN()
        gan.compile(keras.optimizers.Adam(1e-2), keras.optimizers.Adam(1e-2))
        settings = GanSettings(iterations, 4, 1e-2, 1e-2, look_every=10)
        noise = np.random.default_rng(3).normal(size=(4, 4)).astype(np.float32)
        recording = Recording("pictures", noise, most=30)
        super().__init__(
            where, gan, settings, 1, "toy", lambda run: run.keep(1 + run.step % 7), recording
        )

    def train(self):
        """Go on to the end, with the examples that come next."""
        rng = np.random.default_rng(7)
        real = rng.uniform(-1, 1, (self.total * 4, 6, 6, 1)).astype(np.float32)
        batches = tf.data.Dataset.from_tensor_slices(real).batch(4, drop_remainder=True)
        self.gan.fit(batches.skip(self.step), callbacks=[self], verbose=0, shuffle=False)
        return self
